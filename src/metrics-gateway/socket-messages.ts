import { Logger } from '@nestjs/common';
import type { MessageMappingProperties } from '@nestjs/websockets';
import { lastValueFrom, type Observable } from 'rxjs';
import type { Socket } from 'socket.io';
import type { MessageRefusal } from '../platform/http/problem.filter.js';
import { cut, type SocketAccess } from './socket-access.js';

/** Of one connection. */
const MAX_WAITING = 100;

/** The name under which a gateway answers messages that have no handler of their own. */
export const ANY_OTHER = '*';

export type Acknowledge = (answer: { ok: true } | MessageRefusal) => void;

type Transform = (result: unknown) => Observable<unknown>;

const logger = new Logger('SocketMessages');

/**
 * Hands the messages of a socket to the handlers of its gateway, one after the other: Nest's own adapter would run them
 * at the same time, and an unsubscribe could overtake the subscribe that came before it. What a socket may send, and
 * how much of it may wait, is settled here, before any guard runs.
 */
export function handleInTurn(
  socket: Socket,
  access: SocketAccess,
  handlers: readonly MessageMappingProperties[],
  transform: Transform,
): void {
  let turn = Promise.resolve();
  let waiting = 0;
  socket.use((event: unknown[]) => {
    if (!access.allowsMessage(socket)) return;
    if (waiting === MAX_WAITING) {
      cut(socket, 429, `No more than ${MAX_WAITING} messages may wait for their answer.`);
      return;
    }
    waiting += 1;
    turn = turn
      .then(() => handle(socket, event, handlers, transform))
      .catch((error: Error) => logger.error(`message of a socket: ${error.stack ?? error.message}`)) // of a filter
      .finally(() => (waiting -= 1));
  });
}

async function handle(
  socket: Socket,
  [name, ...message]: unknown[],
  handlers: readonly MessageMappingProperties[],
  transform: Transform,
): Promise<void> {
  if (!socket.connected) return;
  const handler =
    handlers.find((known) => known.message === name) ?? handlers.find((known) => known.message === ANY_OTHER);
  if (handler === undefined) return;
  const acknowledge = takeAcknowledgement(message);
  const callback = handler.callback as (data: unknown, acknowledge: Acknowledge) => Promise<unknown>;
  const wish = message[0] ?? undefined; // null is the same as nothing
  const answer = await lastValueFrom(transform(callback(wish, acknowledge)), { defaultValue: undefined });
  if (handler.isAckHandledManually !== true && answer !== undefined) acknowledge(answer as { ok: true });
}

/** Socket.IO appends it to the arguments when the client wants an answer. */
function takeAcknowledgement(message: unknown[]): Acknowledge {
  const last = message.at(-1);
  if (typeof last !== 'function') return () => undefined;
  message.pop();
  return last as Acknowledge;
}
