import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, type Repository } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { ApiKey } from './api-key.entity.js';

@Injectable()
export class KeysRepository {
  constructor(@InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>) {}

  async insert(key: QueryDeepPartialEntity<ApiKey>): Promise<void> {
    await this.keys.insert(key);
  }

  /** Keys with their tenants; a prefix without a key is simply absent. */
  async listByPrefix(prefixes: readonly string[]): Promise<ApiKey[]> {
    return this.keys.find({ where: { prefix: In([...prefixes]) }, relations: { tenant: true } });
  }

  /** Notes the use of keys, at most once a minute for each. */
  async touch(ids: readonly string[]): Promise<void> {
    await this.keys.query(
      `/* keys.touch */ update api_keys set last_used_at = now()
       where id = any($1) and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
      [ids],
    );
  }

  /** The secret of this installation that key checks are made with. */
  async getPepper(): Promise<Buffer> {
    const rows: { value: Buffer }[] = await this.keys.query(
      `/* keys.pepper */ select value from installation_secrets where name = 'key_pepper'`,
    );
    const pepper = rows[0]?.value;
    if (pepper === undefined) throw new Error('installation_secrets lacks key_pepper; run the migrations');
    return pepper;
  }
}
