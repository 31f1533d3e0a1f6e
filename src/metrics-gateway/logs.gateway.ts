import { UseFilters } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayDisconnect,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { Caller, RequireScope } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import { ProblemFilter } from '../platform/http/problem.filter.js';
import { LiveLogs } from './live-logs.js';
import { SocketAccess } from './socket-access.js';
import { ANY_OTHER } from './socket-messages.js';
import { LogSubscription, unknownMessage } from './subscriptions.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Namespace `/logs`: the audit log as it grows. */
@WebSocketGateway({ namespace: 'logs' })
@UseFilters(ProblemFilter) // Nest gives gateways no global filters
@RequireScope('read')
export class LogsGateway implements OnGatewayInit<Namespace>, OnGatewayDisconnect<Socket> {
  constructor(
    private readonly access: SocketAccess,
    private readonly subscriptions: SubscriptionsService,
    private readonly live: LiveLogs,
  ) {}

  afterInit(namespace: Namespace): void {
    this.access.guard(namespace);
  }

  handleDisconnect(socket: Socket): void {
    this.live.unsubscribe(socket);
  }

  @SubscribeMessage('subscribe')
  async subscribe(
    @ConnectedSocket() socket: Socket,
    @Caller() caller: Principal,
    @MessageBody() wish: LogSubscription,
  ): Promise<{ ok: true }> {
    const tenantId = await this.subscriptions.resolveTenant(caller, wish.tenant_id);
    if (socket.connected) {
      this.live.unsubscribe(socket);
      await this.live.subscribe(socket, tenantId, wish);
    }
    return { ok: true };
  }

  @SubscribeMessage('unsubscribe')
  unsubscribe(@ConnectedSocket() socket: Socket): { ok: true } {
    this.live.unsubscribe(socket);
    return { ok: true };
  }

  @SubscribeMessage(ANY_OTHER)
  refuse(): never {
    throw unknownMessage();
  }
}
