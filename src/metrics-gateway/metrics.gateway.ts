import { type OnGatewayInit, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { inTurn, takeAcknowledgement, toRefusal } from './acknowledgements.js';
import { LiveMetrics } from './live-metrics.js';
import { principalOf, SocketAccess } from './socket-access.js';
import { SubscriptionsService } from './subscriptions.service.js';

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
    const handle = inTurn(socket);
    socket.on('subscribe', handle(this.subscribe));
    socket.on('unsubscribe', handle(this.unsubscribe));
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
