import { useSignal } from '@preact/signals';
import { api } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { ActionForm } from '../../ui/action-form.js';
import { Dialog } from '../../ui/dialog.js';
import { textOf } from '../../ui/form.js';
import { exact } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';

type Policy = Schema<'PolicyResponse'>;

/** How long this tenant's events and audit entries are kept. */
export function Policies() {
  const loaded = useGet('/retention/policies', {});
  const changed = useSignal<Policy | 'new' | null>(null);
  const close = () => (changed.value = null);
  return (
    <Panel
      title="Kept for"
      actions={
        <button type="button" class="quiet end" onClick={() => (changed.value = 'new')}>
          Add an event type
        </button>
      }
      footer={
        <HowCounted
          method="exact"
          what="Days from the recording. What is older goes with the next run; counts stay longer than their events."
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {({ data }) => (
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" class="number">
                  Days
                </th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((policy) => (
                <tr key={`${policy.kind} ${policy.event_type}`}>
                  <th scope="row" class="break grow">
                    {nameOf(policy)} {!policy.is_policy && <span class="muted">(as installed)</span>}
                  </th>
                  <td class="number">{exact(policy.days)}</td>
                  <td class="number">
                    <button
                      type="button"
                      class="button"
                      aria-label={`Change how long ${nameOf(policy)} are kept`}
                      onClick={() => (changed.value = policy)}
                    >
                      Change
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Show>
      {changed.value !== null && (
        <Dialog
          title={changed.value === 'new' ? 'Keep an event type' : `Keep ${nameOf(changed.value)}`}
          onClose={close}
        >
          <Form policy={changed.value === 'new' ? null : changed.value} onDone={close} />
        </Dialog>
      )}
    </Panel>
  );
}

function nameOf({ kind, event_type: type }: Policy): string {
  if (kind === 'audit') return 'audit entries';
  return type === null ? 'events' : `“${type}” events`;
}

/** Changes `policy`; null: asks for an event type as well. */
function Form({ policy, onDone }: { policy: Policy | null; onDone: () => void }) {
  const act = async (data: FormData) => {
    const days = textOf(data, 'days');
    const type = policy === null ? textOf(data, 'event_type') : policy.event_type;
    await api.put('/retention/policies', {
      body: {
        kind: policy?.kind ?? 'events',
        ...(type === null ? {} : { event_type: type }),
        days: days === '' ? null : Number(days),
      },
    });
    await refresh('/retention');
    onDone();
  };
  return (
    <ActionForm label="Save" act={act}>
      {policy === null && (
        <label class="field">
          Event type
          <input name="event_type" required maxLength={255} placeholder="page_view" />
        </label>
      )}
      <label class="field">
        Days (empty: as installed)
        <input name="days" type="number" min={1} max={36_500} defaultValue={policy?.is_policy ? policy.days : ''} />
      </label>
      <p class="muted">What is older than that is removed for good, unless a legal hold covers it.</p>
    </ActionForm>
  );
}
