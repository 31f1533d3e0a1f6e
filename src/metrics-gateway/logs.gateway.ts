import { type OnGatewayInit, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { LiveLogs } from './live-logs.js';
import { parseLogSubscription } from './log-subscription.js';
import { principalOf, SocketAccess } from './socket-access.js';
import { type Acknowledge, answerMessages } from './socket-messages.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Namespace `/logs`: the audit log as it grows. See {@link MetricsGateway} for why it listens itself. */
@WebSocketGateway({ namespace: 'logs' })
export class LogsGateway implements OnGatewayInit<Namespace> {
  constructor(
    private readonly access: SocketAccess,
    private readonly subscriptions: SubscriptionsService,
    private readonly live: LiveLogs,
  ) {}

  afterInit(namespace: Namespace): void {
    this.access.guard(namespace);
    namespace.on('connection', (socket) => {
      answerMessages(socket, this.access, this);
      socket.on('disconnect', () => this.live.unsubscribe(socket));
    });
  }

  async subscribe(socket: Socket, wish: unknown, acknowledge: Acknowledge): Promise<void> {
    const subscription = parseLogSubscription(wish);
    const tenantId = await this.subscriptions.resolveTenant(principalOf(socket), subscription.tenant_id);
    if (!socket.connected) return; // it would never be unsubscribed
    this.live.unsubscribe(socket);
    await this.live.subscribe(socket, tenantId, subscription);
    acknowledge({ ok: true });
  }

  async unsubscribe(socket: Socket): Promise<void> {
    this.live.unsubscribe(socket);
  }
}
