import { RecountService, type RollupDifference } from '../analytics/rollups/recount.service.js';
import { rangeOf } from '../platform/http/range.dto.js';
import { parseAskedTime } from '../platform/time/asked-time.js';
import { ASKABLE_YEARS, DAY_MS, isAskable, type TimeRange } from '../platform/time/time.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { RollupsModule } from '../analytics/rollups/rollups.module.js';
import { inApplication } from './cli.module.js';
import type { Config } from '../platform/config/config.js';
import { type OutputOptions, print, table, UsageError } from './output.js';

export interface RecountOptions extends OutputOptions {
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
  const differences = await inApplication(config, [RollupsModule], async (app) => {
    const { tenant, repair } = options;
    const only = tenant === undefined ? {} : { tenantId: (await app.get(TenantsService).getByIdOrName(tenant)).id };
    return app.get(RecountService).recount(range, { repair, ...only });
  });
  report(options.json, range, differences);
  const left = differences.filter(({ repaired }) => !repaired).length;
  if (left > 0) throw new Error(`${left} counted days differ from the events. Run it with --repair.`);
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
