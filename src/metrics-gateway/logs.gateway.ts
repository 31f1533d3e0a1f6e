import { type OnGatewayInit, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { inTurn, takeAcknowledgement, toRefusal } from './acknowledgements.js';
import { LiveLogs } from './live-logs.js';
import { parseLogSubscription } from './log-subscription.js';
import { principalOf, SocketAccess } from './socket-access.js';
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
    namespace.on('connection', (socket) => this.listen(socket));
  }

  private listen(socket: Socket): void {
    socket.use((_event, next) => {
      if (this.access.allowsMessage(socket)) next();
    });
    const handle = inTurn(socket);
    socket.on('subscribe', handle(this.subscribe));
    socket.on('unsubscribe', handle(this.unsubscribe));
    socket.on('disconnect', () => this.live.unsubscribe(socket));
  }

  private readonly subscribe = async (socket: Socket, message: unknown[]): Promise<void> => {
    const acknowledge = takeAcknowledgement(message);
    try {
      const subscription = parseLogSubscription(message[0]);
      const tenantId = await this.subscriptions.resolveTenant(principalOf(socket), subscription.tenant_id);
      this.live.unsubscribe(socket);
      await this.live.subscribe(socket, tenantId, subscription);
      acknowledge({ ok: true });
    } catch (error) {
      acknowledge(toRefusal(error, socket));
    }
  };

  private readonly unsubscribe = async (socket: Socket, message: unknown[]): Promise<void> => {
    this.live.unsubscribe(socket);
    takeAcknowledgement(message)({ ok: true });
  };
}
