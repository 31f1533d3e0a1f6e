import type { Socket } from 'socket.io';
import { badRequest } from '../platform/http/problem.js';
import { problemAnswer } from '../platform/http/problem.filter.js';
import { requestId } from '../platform/http/request-id.js';
import { cut, type SocketAccess } from './socket-access.js';

/** Of one connection. */
const MAX_WAITING = 100;

type Answer = { ok: true } | { ok: false; status: number; error: string };
export type Acknowledge = (answer: Answer) => void;

/** What a namespace does on each of its two messages. What is thrown becomes the answer. */
export interface MessageHandlers {
  subscribe(socket: Socket, wish: unknown, acknowledge: Acknowledge): Promise<void>;
  unsubscribe(socket: Socket): Promise<void>;
}

/**
 * Answers the messages of a socket in turn, so that an unsubscribe never overtakes the subscribe that came before it.
 * Each is a request of the socket's key.
 */
export function answerMessages(socket: Socket, access: SocketAccess, handlers: MessageHandlers): void {
  let turn = Promise.resolve();
  let waiting = 0;
  socket.use((event: unknown[]) => {
    if (!access.allowsMessage(socket)) return;
    if (waiting === MAX_WAITING) {
      cut(socket, 429, `No more than ${MAX_WAITING} messages may wait for their answer.`);
      return;
    }
    waiting += 1;
    turn = turn.then(() => answer(socket, event, access, handlers)).finally(() => (waiting -= 1));
  });
}

/** Never rejects. */
async function answer(
  socket: Socket,
  [name, ...message]: unknown[],
  access: SocketAccess,
  handlers: MessageHandlers,
): Promise<void> {
  const acknowledge = takeAcknowledgement(message);
  if (!socket.connected) return;
  try {
    await access.countMessage(socket);
    if (name === 'subscribe') await handlers.subscribe(socket, message[0], acknowledge);
    else if (name === 'unsubscribe') {
      await handlers.unsubscribe(socket);
      acknowledge({ ok: true });
    } else throw badRequest('There is no such message. Send subscribe or unsubscribe.');
  } catch (error) {
    acknowledge(toRefusal(error, socket));
  }
}

/** Socket.IO appends it to the arguments when the client wants an answer. */
function takeAcknowledgement(message: unknown[]): Acknowledge {
  const last = message.at(-1);
  if (typeof last !== 'function') return () => undefined;
  message.pop();
  return last as Acknowledge;
}

function toRefusal(thrown: unknown, socket: Socket): Answer {
  const { status, detail } = problemAnswer(thrown, socket.nsp.name, requestId(socket.request));
  return { ok: false, status, error: detail };
}
