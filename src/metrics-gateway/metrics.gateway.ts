import { type OnGatewayInit, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { problemAnswer } from '../platform/problem.filter.js';
import { requestId } from '../platform/request-id.js';
import { LiveMetrics } from './live-metrics.js';
import { principalOf, SocketAccess } from './socket-access.js';
import { SubscriptionsService } from './subscriptions.service.js';

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

  private listen(socket: Socket): void {
    socket.use((_event, next) => {
      if (this.access.allowsMessage(socket)) next();
    });
    // In turn: an unsubscribe never overtakes the subscribe that came before it.
    let turn = Promise.resolve();
    const inTurn = (work: (socket: Socket, message: unknown[]) => Promise<void>) => {
      return (...message: unknown[]) => (turn = turn.then(() => work(socket, message)));
    };
    socket.on('subscribe', inTurn(this.subscribe));
    socket.on('unsubscribe', inTurn(this.unsubscribe));
  }

  private readonly subscribe = async (socket: Socket, message: unknown[]): Promise<void> => {
    const acknowledge = takeAcknowledgement(message);
    try {
      const target = await this.subscriptions.resolve(principalOf(socket), message[0]);
      await this.live.subscribe(socket, target);
      acknowledge({ ok: true });
      void this.live.greet(socket, target); // never rejects
    } catch (error) {
      acknowledge(toRefusal(error, socket));
    }
  };

  private readonly unsubscribe = async (socket: Socket, message: unknown[]): Promise<void> => {
    await this.live.unsubscribe(socket);
    takeAcknowledgement(message)({ ok: true });
  };
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
