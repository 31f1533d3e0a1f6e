import { Module } from '@nestjs/common';
import { RollupsModule } from '../analytics/rollups/rollups.module.js';
import { EntrySearchModule } from '../audit/search/entry-search.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { LiveLogs } from './live-logs.js';
import { LiveMetrics } from './live-metrics.js';
import { SocketAccess } from './socket-access.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** What the Socket.IO namespaces need; the gateways themselves stand in api.module.ts. */
@Module({
  imports: [AuthModule, EntrySearchModule, RollupsModule, TenantsModule],
  providers: [LiveLogs, LiveMetrics, SocketAccess, SubscriptionsService],
  exports: [LiveLogs, LiveMetrics, SocketAccess, SubscriptionsService],
})
export class MetricsGatewayModule {}
