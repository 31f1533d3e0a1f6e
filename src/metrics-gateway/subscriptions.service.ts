import { Injectable } from '@nestjs/common';
import { LiveCountsRepository } from '../analytics/rollups/live-counts.repository.js';
import { allows, type Principal } from '../platform/http/principal.js';
import { forbidden, notFound } from '../platform/http/problem.js';
import { PacedLookup } from '../platform/database/paced-lookup.js';
import type { Tenant } from '../tenants/tenant.entity.js';
import { TenantsService } from '../tenants/tenants.service.js';
import type { Target } from './live-sample.js';
import type { MetricsSubscription } from './subscriptions.dto.js';

const CLIENT_KNOWN_MS = 10_000;
const TENANT_KNOWN_MS = 1_000;

/** Decides which numbers a socket gets: its credential says whose, the message may only narrow that. */
@Injectable()
export class SubscriptionsService {
  private readonly clients: PacedLookup<string>;
  private readonly otherTenants: PacedLookup<Tenant>;

  constructor(tenants: TenantsService, counts: LiveCountsRepository) {
    this.clients = new PacedLookup(async (tenantId, names) => {
      const known = await counts.listClients(tenantId, names);
      return new Map(known.map((name) => [name, name]));
    }, CLIENT_KNOWN_MS);
    this.otherTenants = new PacedLookup(async (_scope, ids) => {
      const known = await tenants.listById(ids);
      return new Map(known.map((tenant) => [tenant.id, tenant]));
    }, TENANT_KNOWN_MS);
  }

  /**
   * A key that may read sees its whole tenant through REST, so any client of the tenant is fine here too.
   * @throws Problem 403 or 404 for what is not the caller's
   */
  async resolve(caller: Principal, wish: MetricsSubscription): Promise<Target> {
    const tenantId = await this.resolveTenant(caller, wish.tenant_id);
    const clientId = wish.client_id ?? null;
    if (clientId === null) return { tenantId, clientId: null };
    const isOwn = tenantId === caller.tenantId && clientId === caller.clientId;
    if (!isOwn && (await this.clients.find(tenantId, clientId)) === null) {
      throw notFound(`There is no client "${clientId.slice(0, 50)}" in this tenant.`);
    }
    return { tenantId, clientId };
  }

  /** The caller's own tenant, or for platform keys the wanted one. @throws Problem 403 or 404 */
  async resolveTenant(caller: Principal, tenantId: string | null | undefined): Promise<string> {
    const wanted = tenantId?.toLowerCase() ?? caller.tenantId;
    if (wanted === caller.tenantId) return wanted;
    if (!allows(caller.scopes, 'platform')) throw forbidden('Only platform keys may subscribe to another tenant.');
    const tenant = await this.otherTenants.find('', wanted);
    if (tenant === null) throw notFound(`There is no tenant ${wanted}.`);
    if (tenant.status !== 'active') throw forbidden(`The tenant ${tenant.id} is ${tenant.status}.`);
    return tenant.id;
  }
}
