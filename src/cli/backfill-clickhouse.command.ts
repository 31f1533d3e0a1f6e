import { Backfill } from '../clickhouse/backfill.js';
import { ClickHouseModule } from '../clickhouse/clickhouse.module.js';
import type { Config } from '../platform/config/config.js';
import { inApplication } from './cli.module.js';
import { type OutputOptions, print, UsageError } from './output.js';
import { ProgressBar } from './progress-bar.js';

export interface BackfillOptions extends OutputOptions {
  restart: boolean;
}

/** Ctrl-C or a kill interrupts it; the next run goes on where it was. */
export async function backfillClickHouse(config: Config, { restart, json }: BackfillOptions): Promise<void> {
  if (config.CLICKHOUSE_URL === undefined) throw new UsageError('backfill-clickhouse needs CLICKHOUSE_URL.');
  const bar = json ? null : new ProgressBar(process.stdout);
  const since = performance.now();
  const done = await inApplication(config, [ClickHouseModule], (app) =>
    app.get(Backfill).run({
      restart,
      onStep: ({ events, percent }) => bar?.show(percent, `${events} events`),
    }),
  );
  bar?.end();
  const seconds = Math.round((performance.now() - since) / 100) / 10;
  const begun = done.wasResumed ? ', after those of an earlier run' : '';
  print(
    json,
    { events: done.events, resumed: done.wasResumed, seconds },
    `Sent ${done.events} events in ${seconds} s${begun}. ClickHouse has all of them.`,
  );
}
