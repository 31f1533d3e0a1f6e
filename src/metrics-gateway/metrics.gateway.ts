import { UseFilters } from '@nestjs/common';
import {
  Ack,
  ConnectedSocket,
  MessageBody,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { Caller, RequireScope } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import { ProblemFilter } from '../platform/http/problem.filter.js';
import { LiveMetrics } from './live-metrics.js';
import { SocketAccess } from './socket-access.js';
import { type Acknowledge, ANY_OTHER } from './socket-messages.js';
import { MetricsSubscription, unknownMessage } from './subscriptions.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Namespace `/metrics`: live metrics of a tenant or one of its clients. */
@WebSocketGateway({ namespace: 'metrics' })
@UseFilters(ProblemFilter) // Nest gives gateways no global filters
@RequireScope('read')
export class MetricsGateway implements OnGatewayInit<Namespace> {
  constructor(
    private readonly access: SocketAccess,
    private readonly subscriptions: SubscriptionsService,
    private readonly live: LiveMetrics,
  ) {}

  afterInit(namespace: Namespace): void {
    this.access.guard(namespace);
    this.live.attach(namespace);
  }

  /** Acknowledges itself, because the acknowledgement comes before the first metrics. */
  @SubscribeMessage('subscribe')
  async subscribe(
    @ConnectedSocket() socket: Socket,
    @Caller() caller: Principal,
    @MessageBody() wish: MetricsSubscription,
    @Ack() acknowledge: Acknowledge,
  ): Promise<void> {
    const target = await this.subscriptions.resolve(caller, wish);
    if (!socket.connected) return; // a room joined now would never be left
    await this.live.subscribe(socket, target);
    acknowledge({ ok: true });
    void this.live.greet(socket, target); // never rejects
  }

  @SubscribeMessage('unsubscribe')
  async unsubscribe(@ConnectedSocket() socket: Socket): Promise<{ ok: true }> {
    await this.live.unsubscribe(socket);
    return { ok: true };
  }

  @SubscribeMessage(ANY_OTHER)
  refuse(): never {
    throw unknownMessage();
  }
}
