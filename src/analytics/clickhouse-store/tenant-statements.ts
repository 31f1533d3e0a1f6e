import { ClickHouseError, type ClickHouseSettings } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { ClickHouse } from '../../platform/clickhouse/clickhouse.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { EventsOfTenant } from './events-of-tenant-sql.js';

/** Of one question; beyond half of it, groups go to the disk. */
const MAX_MEMORY_BYTES = 4_000_000_000;
/** It stops a question itself in time; who hears nothing for so much longer takes it for gone. */
const PATIENCE_MS = 2_000;
/** TIMEOUT_EXCEEDED, TOO_SLOW, MEMORY_LIMIT_EXCEEDED */
const OVER_LIMIT = ['159', '160', '241'];

/** A question changes nothing, whatever its statement says, and texts are written as jsonb writes them. */
const OF_QUESTIONS: ClickHouseSettings = {
  readonly: '2',
  max_memory_usage: String(MAX_MEMORY_BYTES),
  max_bytes_before_external_group_by: String(MAX_MEMORY_BYTES / 2),
  output_format_json_escape_forward_slashes: 0,
};

/**
 * The only way for a question to ClickHouse, which has no row-level security. The statement is written with an
 * {@link EventsOfTenant}, which alone knows the table and names it together with the tenant.
 */
@Injectable()
export class TenantStatements {
  private readonly seconds: number;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly clickhouse: ClickHouse,
  ) {
    this.seconds = config.CLICKHOUSE_TIMEOUT_SECONDS;
  }

  ask<Row>(tenantId: string, write: (events: EventsOfTenant) => string): Promise<Row[]> {
    const events = new EventsOfTenant(this.clickhouse.database, tenantId);
    const text = write(events);
    return this.clickhouse.query<Row>(text, {
      parameters: events.parameters,
      settings: { ...OF_QUESTIONS, max_execution_time: this.seconds },
      timeoutMs: this.seconds * 1_000 + PATIENCE_MS,
    });
  }
}

/** Whether ClickHouse stopped a question because it took too much. */
export const isOverLimit = (error: unknown): boolean =>
  error instanceof ClickHouseError && OVER_LIMIT.includes(error.code);
