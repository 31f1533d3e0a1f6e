import { type OnGatewayInit, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { badRequest } from '../platform/problem.js';
import { problemAnswer } from '../platform/problem.filter.js';
import { requestId } from '../platform/request-id.js';
import { LiveMetrics } from './live-metrics.js';
import { cut, principalOf, SocketAccess } from './socket-access.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Of one connection. */
const MAX_WAITING = 100;

type Answer = { ok: true } | { ok: false; status: number; error: string };

/**
 * Namespace `/metrics`: `subscribe` and `unsubscribe`, each with an acknowledgement. Listens itself instead of through
 * @SubscribeMessage, whose handlers the guards and filters made for HTTP would be applied to.
 */
@WebSocketGateway({ namespace: 'metrics' })
export class MetricsGateway implements OnGatewayInit<Namespace> {
  constructor(
    private readonly access: SocketAccess,
    private readonly subscriptions: SubscriptionsService,
    private readonly live: LiveMetrics,
  ) {}

  afterInit(namespace: Namespace): void {
    this.access.guard(namespace);
    this.live.attach(namespace);
    namespace.on('connection', (socket) => this.listen(socket));
  }

  /** Messages are answered in turn: an unsubscribe never overtakes the subscribe that came before it. */
  private listen(socket: Socket): void {
    let turn = Promise.resolve();
    let waiting = 0;
    socket.use((event: unknown[]) => {
      if (!this.access.allowsMessage(socket)) return;
      if (waiting === MAX_WAITING) {
        cut(socket, 429, `No more than ${MAX_WAITING} messages may wait for their answer.`);
        return;
      }
      waiting += 1;
      turn = turn.then(() => this.answer(socket, event)).finally(() => (waiting -= 1));
    });
  }

  /** Never rejects. */
  private async answer(socket: Socket, [name, ...message]: unknown[]): Promise<void> {
    const acknowledge = takeAcknowledgement(message);
    if (!socket.connected) return;
    try {
      await this.access.countMessage(socket);
      if (name === 'subscribe') await this.subscribe(socket, message[0], acknowledge);
      else if (name === 'unsubscribe') {
        await this.live.unsubscribe(socket);
        acknowledge({ ok: true });
      } else throw badRequest('There is no such message. Send subscribe or unsubscribe.');
    } catch (error) {
      acknowledge(toRefusal(error, socket));
    }
  }

  private async subscribe(socket: Socket, wish: unknown, acknowledge: (answer: Answer) => void): Promise<void> {
    const target = await this.subscriptions.resolve(principalOf(socket), wish);
    if (!socket.connected) return; // a room joined now would never be left
    await this.live.subscribe(socket, target);
    acknowledge({ ok: true });
    void this.live.greet(socket, target); // never rejects
  }
}

/** Socket.IO appends it to the arguments when the client wants an answer. */
function takeAcknowledgement(message: unknown[]): (answer: Answer) => void {
  const last = message.at(-1);
  if (typeof last !== 'function') return () => undefined;
  message.pop();
  return last as (answer: Answer) => void;
}

function toRefusal(thrown: unknown, socket: Socket): Answer {
  const { status, detail } = problemAnswer(thrown, socket.nsp.name, requestId(socket.request));
  return { ok: false, status, error: detail };
}
