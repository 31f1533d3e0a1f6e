import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, QueryFailedError, type Repository } from 'typeorm';
import { decodeCursor, type Page, toPage } from '../platform/cursor.js';
import { sqlState } from '../platform/database.js';
import { DEFAULT_TENANT_ID } from '../platform/principal.js';
import { notFound, Problem } from '../platform/problem.js';
import { isUuid, uuid7 } from '../platform/uuid7.js';
import type { CreateTenantDto, UpdateTenantDto } from './tenants.dto.js';
import { Tenant } from './tenant.entity.js';

@Injectable()
export class TenantsService {
  constructor(@InjectRepository(Tenant) private readonly tenants: Repository<Tenant>) {}

  /** @throws Problem 409 when another tenant has the name, in whatever case */
  async create({ name }: CreateTenantDto): Promise<Tenant> {
    const tenant: Tenant = { id: uuid7(), name, status: 'active', settings: {}, createdAt: new Date() };
    await refuseTakenName(name, () => this.tenants.insert({ ...tenant, settings: {} }));
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

  /** @throws Problem 404 */
  async get(id: string): Promise<Tenant> {
    const tenant = await this.find(id);
    if (tenant === null) throw notFound(`There is no tenant ${id.slice(0, 50)}.`);
    return tenant;
  }

  /** @throws Problem 422 for the default tenant, which must stay active: the platform keys live there */
  async update(id: string, { name, status }: UpdateTenantDto): Promise<Tenant> {
    const tenant = await this.get(id);
    if (id === DEFAULT_TENANT_ID && status !== undefined && status !== 'active') {
      throw new Problem(422, 'The tenant "default" always stays active; suspend its keys instead.');
    }
    const change = { ...(name === undefined ? {} : { name }), ...(status === undefined ? {} : { status }) };
    if (Object.keys(change).length > 0) {
      await refuseTakenName(name ?? tenant.name, () => this.tenants.update({ id }, change));
    }
    return { ...tenant, ...change };
  }
}

async function refuseTakenName(name: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const taken = error instanceof QueryFailedError && sqlState(error.driverError) === '23505';
    if (taken) throw new Problem(409, `A tenant named "${name}" exists already. Choose another name.`);
    throw error;
  }
}
