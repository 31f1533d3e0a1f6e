import { Global, Module } from '@nestjs/common';
import { ClickHouse } from './clickhouse.js';

/** The second engine, for whoever asks it or fills it. */
@Global()
@Module({ providers: [ClickHouse], exports: [ClickHouse] })
export class ClickHouseClientModule {}
