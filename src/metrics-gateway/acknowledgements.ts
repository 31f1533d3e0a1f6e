import type { Socket } from 'socket.io';
import { problemAnswer } from '../platform/problem.filter.js';
import { requestId } from '../platform/request-id.js';

export type Answer = { ok: true } | { ok: false; status: number; error: string };

/** Socket.IO appends it to the arguments when the client wants an answer. */
export function takeAcknowledgement(message: unknown[]): (answer: Answer) => void {
  const last = message.at(-1);
  if (typeof last !== 'function') return () => undefined;
  message.pop();
  return last as (answer: Answer) => void;
}

export function toRefusal(thrown: unknown, socket: Socket): Answer {
  const { status, detail } = problemAnswer(thrown, socket.nsp.name, requestId(socket.request));
  return { ok: false, status, error: detail };
}

/** Handles the messages of a socket in turn: an unsubscribe never overtakes the subscribe that came before it. */
export function inTurn(socket: Socket) {
  let turn = Promise.resolve();
  return (work: (socket: Socket, message: unknown[]) => Promise<void>) =>
    (...message: unknown[]) =>
      (turn = turn.then(() => work(socket, message)));
}
