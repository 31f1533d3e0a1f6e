import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Database } from '../../platform/database/database.js';
import { measureStorage } from './storage.repository.js';
import { type Storage, toStorage } from './storage.js';

@Injectable()
export class StorageService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
  ) {}

  async measure(): Promise<Storage> {
    return toStorage(await measureStorage(this.database.system), this.config);
  }
}
