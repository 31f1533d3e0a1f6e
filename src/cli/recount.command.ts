import { parseArgs } from 'node:util';
import { RecountService, type RollupDifference } from '../analytics/rollups/recount.service.js';
import { toIso } from '../platform/http/query.dto.js';
import { ASKABLE_YEARS, DAY_MS, isAskable, parseDateTime, type TimeRange } from '../platform/time/time.js';
import { isUuid } from '../platform/database/uuid7.js';
import { inApplication } from './cli.module.js';
import type { Command } from './command.js';
import { print, table, UsageError } from './output.js';

/** Counts were made and events are kept for so long; older counts have no events to compare with. */
export const recount: Command = {
  async run(config, words) {
    const { values } = parseArgs({
      args: words,
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        tenant: { type: 'string' },
        repair: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const oldest = Math.ceil(Date.now() / DAY_MS - config.EVENT_RETENTION_DAYS) * DAY_MS;
    // Events may be a day ahead of the clock.
    const range = {
      from: toTime('from', values.from) ?? oldest,
      to: toTime('to', values.to) ?? Date.now() + 2 * DAY_MS,
    };
    if (range.from >= range.to) throw new UsageError('--from must be before --to.');
    if (values.tenant !== undefined && !isUuid(values.tenant))
      throw new UsageError('--tenant must be the id of a tenant.');
    if (values.repair && range.from < oldest) {
      throw new UsageError(
        `--repair goes back to ${toIso(oldest)}: events are kept ${config.EVENT_RETENTION_DAYS} days, their counts for ever.`,
      );
    }
    const options = { repair: values.repair, ...(values.tenant === undefined ? {} : { tenantId: values.tenant }) };
    const differences = await inApplication(config, (app) => app.get(RecountService).recount(range, options));
    report(values.json, range, differences);
    const left = differences.filter(({ repaired }) => !repaired).length;
    if (left > 0) throw new Error(`${left} counted days differ from the events. Run it with --repair.`);
  },
};

function toTime(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = parseDateTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
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
  print(json, { from: toIso(range.from), to: toIso(range.to), differences }, text);
}
