import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, Raw, type Repository } from 'typeorm';
import { recordOf } from '../audit/entries/act.js';
import type { NewEntry, Recorder } from '../audit/entries/entry.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { decodeCursor, type Page, toPage } from '../platform/http/cursor.js';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import { notFound, Problem } from '../platform/http/problem.js';
import { refuseTakenName } from '../platform/http/taken-name.js';
import { sqlOf } from '../platform/database/typeorm-sql.js';
import { isUuid, uuid7 } from '../platform/database/uuid7.js';
import type { CreateTenantDto, UpdateTenantDto } from './tenants.dto.js';
import { Tenant } from './tenant.entity.js';
import { hasName } from './tenants-sql.js';

@Injectable()
export class TenantsService {
  private readonly listeners: ((tenantId: string) => void)[] = [];

  constructor(
    @InjectRepository(Tenant) private readonly tenants: Repository<Tenant>,
    private readonly audit: AuditEntryWriter,
  ) {}

  /** `listener` is called for every tenant that this process changes, once the change is committed. */
  onChanged(listener: (tenantId: string) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Recorded in the audit trail of the caller. @throws Problem 409 when another tenant has the name, in upper or lower
   * case
   */
  async create({ name }: CreateTenantDto, by: Recorder): Promise<Tenant> {
    const tenant: Tenant = { id: uuid7(), name, status: 'active', settings: {}, createdAt: new Date() };
    const record = recordOf(by, {
      ...{ action: 'CREATE', resource: 'tenant', id: tenant.id, message: 'Tenant created' },
      after: describe(tenant),
    });
    await refuseTakenName('tenant', name, () =>
      this.change(record, (tenants) => tenants.insert({ ...tenant, settings: {} })),
    );
    return tenant;
  }

  /** Newest first. */
  async list(limit: number, cursor?: string): Promise<Page<Tenant>> {
    const where = cursor === undefined ? {} : { id: LessThan(decodeCursor(cursor)) };
    return toPage(await this.tenants.find({ where, order: { id: 'desc' }, take: limit + 1 }), limit);
  }

  async find(id: string): Promise<Tenant | null> {
    return isUuid(id) ? this.tenants.findOneBy({ id }) : null;
  }

  /** By its id or, in whatever case, its name. @throws Problem 404 */
  async getByIdOrName(text: string): Promise<Tenant> {
    const found = (await this.find(text)) ?? (await this.tenants.findOneBy({ name: Raw(hasName, { name: text }) }));
    if (found === null) throw notFound(`There is no tenant with the id or the name "${text.slice(0, 100)}".`);
    return found;
  }

  /** Those of the ids that exist. */
  async listById(ids: readonly string[]): Promise<Tenant[]> {
    return this.tenants.findBy({ id: In([...ids]) });
  }

  /** @throws Problem 404 */
  async get(id: string): Promise<Tenant> {
    const tenant = await this.find(id);
    if (tenant === null) throw notFound(`There is no tenant ${id.slice(0, 50)}.`);
    return tenant;
  }

  /** @throws Problem 422 for the default tenant, which must stay active: the platform keys live there */
  async update(id: string, { name, status }: UpdateTenantDto, by: Recorder): Promise<Tenant> {
    const tenant = await this.get(id);
    if (id === DEFAULT_TENANT_ID && status !== undefined && status !== 'active') {
      throw new Problem(422, 'The tenant "default" always stays active; suspend its keys instead.');
    }
    const change = { ...(name === undefined ? {} : { name }), ...(status === undefined ? {} : { status }) };
    const changed = { ...tenant, ...change };
    if (Object.keys(change).length > 0) {
      const record = recordOf(by, {
        ...{ action: 'UPDATE', resource: 'tenant', id: tenant.id, message: 'Tenant changed' },
        before: describe(tenant),
        after: describe(changed),
      });
      try {
        await refuseTakenName('tenant', changed.name, () =>
          this.change(record, (tenants) => tenants.update({ id }, change)),
        );
      } finally {
        for (const listener of this.listeners) listener(tenant.id);
      }
    }
    return changed;
  }

  /** A change and its entry in the audit trail: both or neither. */
  private async change(record: NewEntry, work: (tenants: Repository<Tenant>) => Promise<unknown>): Promise<void> {
    await this.tenants.manager.transaction(async (manager) => {
      await work(manager.getRepository(Tenant));
      await this.audit.append(sqlOf(manager), [record]);
    });
  }
}

const describe = ({ name, status }: Tenant) => ({ name, status });
