import { useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { param } from '../../app/router.js';
import { bytes, duration, exact, shortMoment } from '../../ui/format.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Pager } from '../../ui/pager.js';

const CLASSES = { queued: 'muted', running: 'warn', completed: 'good', failed: 'bad' } as const;

/** What the scheduled tasks of the installation did, newest first. */
export function Runs() {
  const loaded = useGet('/retention/runs', { limit: 10, cursor: param('runs') ?? undefined });
  return (
    <Panel title="Scheduled runs" class="wide">
      <Show loaded={loaded}>
        {({ data, next_cursor: next }) => (
          <>
            {data.length === 0 ? (
              <p class="muted">None yet. A worker begins each task at its time, and makes up for what was missed.</p>
            ) : (
              <Table runs={data} />
            )}
            <Pager next={next} name="runs" />
          </>
        )}
      </Show>
    </Panel>
  );
}

function Table({ runs }: { runs: Schema<'RunResponse'>[] }) {
  return (
    <table class="rows fold">
      <thead>
        <tr>
          <th scope="col">Task</th>
          <th scope="col">Due</th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col" class="number">
            Rows removed
          </th>
          <th scope="col" class="number">
            Bytes
          </th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <th scope="row" class="break">
              {run.task}
            </th>
            <td class="muted" data-label="due">
              {shortMoment(run.due)}
            </td>
            <td class="number muted" data-label="took">
              {duration(tookMs(run))}
            </td>
            <td class="number" data-label="rows removed">
              {exact(run.rows)}
            </td>
            <td class="number" data-label="bytes">
              {bytes(run.bytes)}
            </td>
            <td class="break grow">
              <span class={CLASSES[run.state]}>{run.state}</span>
              {run.holds > 0 && <span class="muted">, {exact(run.holds)} holds stood</span>}
              {run.error !== null && <span class="muted">: {run.error}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function tookMs({ began, ended }: Schema<'RunResponse'>): number | null {
  return began === null || ended === null ? null : Date.parse(ended) - Date.parse(began);
}
