import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Database } from './database.js';

/** Configuration and database: all that a command needs. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [{ provide: CONFIG, useValue: config }, Database],
      exports: [CONFIG, Database],
    };
  }
}
