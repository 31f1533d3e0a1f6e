import { type OnGatewayInit, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { LiveMetrics } from './live-metrics.js';
import { principalOf, SocketAccess } from './socket-access.js';
import { type Acknowledge, answerMessages } from './socket-messages.js';
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
    namespace.on('connection', (socket) => answerMessages(socket, this.access, this));
  }

  async subscribe(socket: Socket, wish: unknown, acknowledge: Acknowledge): Promise<void> {
    const target = await this.subscriptions.resolve(principalOf(socket), wish);
    if (!socket.connected) return; // a room joined now would never be left
    await this.live.subscribe(socket, target);
    acknowledge({ ok: true });
    void this.live.greet(socket, target); // never rejects
  }

  async unsubscribe(socket: Socket): Promise<void> {
    await this.live.unsubscribe(socket);
  }
}
