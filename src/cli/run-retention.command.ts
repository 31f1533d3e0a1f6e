import type { Config } from '../platform/config/config.js';
import type { Removable } from '../retention/schedule/scheduled-task.js';
import { TaskRunner } from '../retention/schedule/task-runner.js';
import type { Removed } from '../retention/schedule/task-runs.repository.js';
import { RetentionRunningModule } from '../retention/retention.module.js';
import { inApplication } from './cli.module.js';
import { type OutputOptions, print, table, UsageError } from './output.js';
import { ProgressBar } from './progress-bar.js';

export interface RunRetentionOptions extends OutputOptions {
  task?: string;
  dryRun: boolean;
}

interface Planned {
  task: string;
  would_remove: Removable[];
}

interface Done {
  task: string;
  removed: Removed[];
}

/** Needs no worker: this process does the runs. GET /retention/runs shows them like those that are due by the clock. */
export async function runRetention(config: Config, { task, dryRun, json }: RunRetentionOptions): Promise<void> {
  await inApplication(config, [RetentionRunningModule], async (app) => {
    const runner = app.get(TaskRunner);
    if (task !== undefined && !runner.names.includes(task)) {
      throw new UsageError(`--task is one of ${runner.names.join(', ')}.`);
    }
    const planned: Planned[] = [];
    for (const name of task === undefined ? runner.names : [task]) {
      planned.push({ task: name, would_remove: await runner.plan(name) });
    }
    if (dryRun) return print(json, { dry_run: true, tasks: planned }, showPlan(planned));
    const done = await runAll(runner, planned, json ? null : new ProgressBar(process.stdout));
    print(json, { dry_run: false, tasks: done }, showDone(done, planned));
  });
}

/** Ctrl-C ends it after the step that is under way; a worker goes on with the run. */
async function runAll(runner: TaskRunner, planned: readonly Planned[], bar: ProgressBar | null): Promise<Done[]> {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  const total = Math.max(1, sum(planned.flatMap(({ would_remove }) => would_remove)).rows);
  const done: Done[] = [];
  let before = 0;
  for (const { task } of planned) {
    const removed = await runner.runNow(task, stopping.signal, (soFar) => {
      bar?.show(Math.min(99, Math.floor((100 * (before + sum(soFar).rows)) / total)), task);
    });
    before += sum(removed).rows;
    done.push({ task, removed });
  }
  bar?.show(100, 'done');
  bar?.end();
  return done;
}

const sum = (counted: readonly { rows: number; bytes: number; held?: number }[]) => ({
  rows: counted.reduce((total, { rows }) => total + rows, 0),
  bytes: counted.reduce((total, { bytes }) => total + bytes, 0),
  held: counted.reduce((total, { held = 0 }) => total + held, 0),
});

function showPlan(planned: readonly Planned[]): string {
  const all = planned.flatMap(({ would_remove }) => would_remove);
  if (all.length === 0) return 'Nothing is past its time.';
  const rows = all.map((one) => [
    one.table,
    one.tenant_id ?? 'all',
    one.month,
    String(one.rows),
    String(one.bytes),
    String(one.held),
  ]);
  const { rows: count, bytes } = sum(all);
  return `${table(['table', 'tenant', 'month', 'rows', 'bytes', 'held'], rows)}\nWould remove ${count} rows, ${bytes} bytes. Nothing was changed.`;
}

function showDone(done: readonly Done[], planned: readonly Planned[]): string {
  const { rows, bytes } = sum(done.flatMap(({ removed }) => removed));
  const { held } = sum(planned.flatMap(({ would_remove }) => would_remove));
  const kept = held === 0 ? '' : ` Legal holds kept ${held} rows.`;
  return `Removed ${rows} rows, ${bytes} bytes.${kept}`;
}
