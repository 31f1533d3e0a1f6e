import { useSignal } from '@preact/signals';
import { api } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import { may } from '../../app/session.js';
import { Confirm } from '../../ui/confirm.js';
import { exact } from '../../ui/format.js';
import { Panel, Show } from '../../ui/loaded.js';

/** Fills the tenant with realistic events, to look around. */
export function SampleData() {
  const count = useSignal(1_000);
  const job = useSignal<string | null>(null);
  if (!may('admin')) return null;
  const start = async () => {
    const path = { num_events: String(count.value) };
    const { job_id: id } = await api.post('/generate-sample-data/{num_events}', { path, body: {} });
    job.value = id;
    await refresh('/analytics', '/jobs');
  };
  return (
    <Panel title="Sample data">
      <div class="row">
        <input
          type="number"
          aria-label="Number of events"
          min={1}
          max={1_000_000}
          value={count.value}
          onInput={(event) => (count.value = event.currentTarget.valueAsNumber)}
        />
        <Confirm
          label="Generate"
          isDanger={false}
          question={`Add ${exact(count.value)} made-up events to this tenant?`}
          act={start}
        />
      </div>
      {job.value !== null && <Job id={job.value} />}
    </Panel>
  );
}

function Job({ id }: { id: string }) {
  const loaded = useGet('/jobs/{job_id}', {}, { path: { job_id: id }, every: 1_000 });
  return (
    <Show loaded={loaded}>
      {({ state, progress, error }) => (
        <p role="status" class="gap">
          <progress max={100} value={progress} aria-label="Progress" /> {state} {error}
        </p>
      )}
    </Show>
  );
}
