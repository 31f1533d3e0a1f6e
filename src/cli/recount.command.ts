import type { INestApplicationContext } from '@nestjs/common';
import { RecountService, type RollupDifference } from '../analytics/rollups/recount.service.js';
import { ClickHouseModule } from '../clickhouse/clickhouse.module.js';
import { Reconciliation } from '../clickhouse/reconciliation.js';
import { rangeOf } from '../platform/http/range.dto.js';
import { parseAskedTime } from '../platform/time/asked-time.js';
import { ASKABLE_YEARS, DAY_MS, isAskable, type TimeRange } from '../platform/time/time.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { RollupsModule } from '../analytics/rollups/rollups.module.js';
import { inApplication } from './cli.module.js';
import type { Config } from '../platform/config/config.js';
import { type OutputOptions, print, table, UsageError } from './output.js';

export interface RecountOptions extends OutputOptions {
  engine?: string;
  from?: string;
  to?: string;
  tenant?: string;
  repair: boolean;
}

/**
 * Older events are kept only where a policy says so; --from asks for those days. Days of which events were removed are
 * not compared.
 */
export async function recount(config: Config, options: RecountOptions): Promise<void> {
  const oldest = Math.ceil(Date.now() / DAY_MS - config.EVENT_RETENTION_DAYS) * DAY_MS;
  // Events may be a day ahead of the clock.
  const range = {
    from: toTime('from', options.from) ?? oldest,
    to: toTime('to', options.to) ?? Date.now() + 2 * DAY_MS,
  };
  if (range.from >= range.to) throw new UsageError('--from must be before --to.');
  if (options.engine !== undefined) return recountClickHouse(config, range, options);
  const differences = await inApplication(config, [RollupsModule], async (app) => {
    return app.get(RecountService).recount(range, await selectionOf(app, options));
  });
  report(options.json, range, differences);
  const left = differences.filter(({ repaired }) => !repaired).length;
  if (left > 0) throw new Error(`${left} counted days differ from the events. Run it with --repair.`);
}

async function recountClickHouse(config: Config, range: TimeRange, options: RecountOptions): Promise<void> {
  if (options.engine !== 'clickhouse') throw new UsageError('--engine is clickhouse, or left out for the counts.');
  if (config.CLICKHOUSE_URL === undefined) throw new UsageError('--engine clickhouse needs CLICKHOUSE_URL.');
  const differences = await inApplication(config, [ClickHouseModule], async (app) =>
    app.get(Reconciliation).compare(range, await selectionOf(app, options)),
  );
  const lines = differences.map((d) => [
    ...[d.tenant_id, d.day, d.event_type, String(d.postgresql), String(d.clickhouse)],
    d.repaired ? 'repaired' : '',
  ]);
  const found = table(['tenant', 'day', 'event type', 'PostgreSQL', 'ClickHouse', ''], lines);
  const text = differences.length === 0 ? 'ClickHouse has the events of PostgreSQL.' : found;
  print(options.json, { ...rangeOf(range), differences }, text);
  if (differences.some(({ repaired }) => !repaired)) {
    throw new Error(`${differences.length} days and types differ in ClickHouse. Run it with --repair.`);
  }
}

async function selectionOf(app: INestApplicationContext, { tenant, repair }: RecountOptions) {
  return tenant === undefined
    ? { repair }
    : { repair, tenantId: (await app.get(TenantsService).getByIdOrName(tenant)).id };
}

function toTime(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = parseAskedTime(text, 'UTC');
  if (time !== null && !isAskable(time)) throw new UsageError(`--${name} ${ASKABLE_YEARS}.`);
  if (time === null) throw new UsageError(`--${name} must be a date or a date-time, like 2026-11-20T08:00:00Z.`);
  return time;
}

function report(json: boolean, range: TimeRange, differences: RollupDifference[]): void {
  const text =
    differences.length === 0
      ? 'The counts equal the events.'
      : table(
          ['table', 'tenant', 'day', 'wrong rows', ''],
          differences.map((d) => [
            d.table,
            d.tenant_id,
            d.day.slice(0, 10),
            String(d.rows),
            d.repaired ? 'repaired' : '',
          ]),
        );
  print(json, { ...rangeOf(range), differences }, text);
}
