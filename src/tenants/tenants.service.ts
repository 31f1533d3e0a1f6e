import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { notFound, Problem } from '../platform/problem.js';
import { uuid7 } from '../platform/uuid7.js';
import type { CreateTenantDto } from './tenants.dto.js';
import { Tenant } from './tenant.entity.js';

@Injectable()
export class TenantsService {
  constructor(@InjectRepository(Tenant) private readonly tenants: Repository<Tenant>) {}

  /** @throws Problem 409 when another tenant has the name, in whatever case */
  async create({ name }: CreateTenantDto): Promise<Tenant> {
    const inserted = await this.tenants
      .createQueryBuilder()
      .insert()
      .values({ id: uuid7(), name })
      .orIgnore()
      .returning('id, name, status, settings, created_at as "createdAt"')
      .execute();
    const created = (inserted.raw as Tenant[])[0];
    if (created === undefined) throw new Problem(409, `A tenant named "${name}" exists already. Choose another name.`);
    return created;
  }

  async find(id: string): Promise<Tenant | null> {
    return this.tenants.findOneBy({ id });
  }

  /** @throws Problem 404 */
  async get(id: string): Promise<Tenant> {
    const tenant = await this.find(id);
    if (tenant === null) throw notFound(`There is no tenant ${id}.`);
    return tenant;
  }
}
