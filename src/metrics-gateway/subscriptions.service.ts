import { Injectable } from '@nestjs/common';
import { LiveCountsRepository } from '../analytics/rollups/live-counts.repository.js';
import { allows, type Principal } from '../platform/http/principal.js';
import { badRequest, forbidden, notFound } from '../platform/http/problem.js';
import { PacedLookup } from '../platform/database/paced-lookup.js';
import { isUuid } from '../platform/database/uuid7.js';
import type { Tenant } from '../tenants/tenant.entity.js';
import { TenantsService } from '../tenants/tenants.service.js';
import type { Target } from './live-sample.js';

const FIELDS = ['client_id', 'tenant_id'];
const MAX_LENGTH = 255;
const CLIENT_KNOWN_MS = 10_000;
const TENANT_KNOWN_MS = 1_000;

interface Asked {
  client_id?: string;
  tenant_id?: string;
}

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
   * @throws Problem 400 for what is no subscription, 403 or 404 for what is not the caller's
   */
  async resolve(caller: Principal, message: unknown): Promise<Target> {
    const asked = parse(message);
    const tenantId = await this.resolveTenant(caller, asked.tenant_id);
    const { client_id: clientId } = asked;
    if (clientId === undefined) return { tenantId, clientId: null };
    const isOwn = tenantId === caller.tenantId && clientId === caller.clientId;
    if (!isOwn && (await this.clients.find(tenantId, clientId)) === null) {
      throw notFound(`There is no client "${clientId.slice(0, 50)}" in this tenant.`);
    }
    return { tenantId, clientId };
  }

  /** The caller's own tenant, or for platform keys the wanted one. @throws Problem 403 or 404 */
  async resolveTenant(caller: Principal, tenantId: string | undefined): Promise<string> {
    const wanted = tenantId?.toLowerCase() ?? caller.tenantId;
    if (wanted === caller.tenantId) return wanted;
    if (!allows(caller.scopes, 'platform')) throw forbidden('Only platform keys may subscribe to another tenant.');
    const tenant = await this.otherTenants.find('', wanted);
    if (tenant === null) throw notFound(`There is no tenant ${wanted}.`);
    if (tenant.status !== 'active') throw forbidden(`The tenant ${tenant.id} is ${tenant.status}.`);
    return tenant.id;
  }
}

/** Absent and null are the same here: no wish. */
function parse(message: unknown): Asked {
  if (message === undefined || message === null) return {};
  if (typeof message !== 'object' || Array.isArray(message) || Buffer.isBuffer(message)) {
    throw badRequest('A subscription is an object like {"client_id": "shop"}.');
  }
  const entries = Object.entries(message).filter(([, value]) => value !== null && value !== undefined);
  for (const [name, value] of entries) {
    if (!FIELDS.includes(name)) throw badRequest(`A subscription has no field "${name.slice(0, 50)}".`);
    if (!isText(value)) throw badRequest(`${name} must be a text of 1 to ${MAX_LENGTH} characters.`);
  }
  const asked = Object.fromEntries(entries) as Asked;
  if (asked.tenant_id !== undefined && !isUuid(asked.tenant_id)) throw badRequest('tenant_id must be a UUID.');
  return asked;
}

function isText(value: unknown): value is string {
  if (typeof value !== 'string' || value.length < 1 || value.length > MAX_LENGTH) return false;
  return value.isWellFormed() && !value.includes('\0');
}
