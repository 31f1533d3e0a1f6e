import { useSignal } from '@preact/signals';
import { api } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { param } from '../../app/router.js';
import { Confirm } from '../../ui/confirm.js';
import { ActionForm } from '../../ui/action-form.js';
import { Dialog } from '../../ui/dialog.js';
import { textOf } from '../../ui/form.js';
import { date, shortMoment, zone } from '../../ui/format.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Pager } from '../../ui/pager.js';
import { iso, parseLocal } from '../../ui/time.js';

type Hold = Schema<'HoldResponse'>;

/** Legal holds: what they cover is not removed, cleaned up or erased. */
export function Holds() {
  const loaded = useGet('/retention/holds', { limit: 20, cursor: param('holds') ?? undefined });
  const isOpen = useSignal(false);
  return (
    <Panel
      title="Legal holds"
      actions={
        <button type="button" class="quiet end" onClick={() => (isOpen.value = true)}>
          Order a hold
        </button>
      }
    >
      <Show loaded={loaded}>
        {({ data, next_cursor: next }) => (
          <>
            {data.length === 0 ? (
              <p class="muted">None. A hold keeps records from being removed or erased until it is released.</p>
            ) : (
              <Table holds={data} />
            )}
            <Pager next={next} name="holds" />
          </>
        )}
      </Show>
      {isOpen.value && (
        <Dialog title="Order a legal hold" onClose={() => (isOpen.value = false)}>
          <Form onDone={() => (isOpen.value = false)} />
        </Dialog>
      )}
    </Panel>
  );
}

function Table({ holds }: { holds: Hold[] }) {
  const release = async (id: string) => {
    await api.delete('/retention/holds/{id}', { path: { id } });
    await refresh('/retention');
  };
  return (
    <table class="rows fold">
      <thead>
        <tr>
          <th scope="col">Reason</th>
          <th scope="col">Covers</th>
          <th scope="col">Ordered</th>
          <th scope="col">
            <span class="hidden">State</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {holds.map((hold) => (
          <tr key={hold.id}>
            <th scope="row" class="break grow">
              {hold.reason}
            </th>
            <td class="break">{coverOf(hold)}</td>
            <td class="muted" data-label="ordered">
              {shortMoment(hold.created_at)} by {hold.created_by}
            </td>
            <td class="number">
              {hold.released_at === null ? (
                <Confirm
                  label="Release"
                  question={`Release the hold “${hold.reason}”? What is past its time goes with the next run.`}
                  act={() => release(hold.id)}
                />
              ) : (
                <span class="muted">released {date(hold.released_at)}</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function coverOf({ user_id: user, from, to }: Hold): string {
  const who = user === null ? 'everybody' : user;
  if (from === null && to === null) return `${who}, at any time`;
  return `${who}, ${from === null ? 'up to' : `${date(from)} to`} ${to === null ? 'now and on' : date(to)}`;
}

function Form({ onDone }: { onDone: () => void }) {
  const act = async (data: FormData) => {
    await api.put('/retention/holds', { body: toBody(data) });
    await refresh('/retention');
    onDone();
  };
  return (
    <ActionForm label="Order" act={act}>
      <label class="field">
        Reason
        <input name="reason" required maxLength={1_000} placeholder="Case number and who ordered it" />
      </label>
      <label class="field">
        User (empty: everybody)
        <input name="user_id" maxLength={255} />
      </label>
      <div class="row">
        <label class="field grow">
          From ({zone()})
          <input name="from" type="datetime-local" />
        </label>
        <label class="field grow">
          To ({zone()})
          <input name="to" type="datetime-local" />
        </label>
      </div>
    </ActionForm>
  );
}

function toBody(data: FormData): Schema<'SetHoldDto'> {
  const user = textOf(data, 'user_id');
  const time = (name: 'from' | 'to') => {
    const at = parseLocal(textOf(data, name), zone());
    return at === null ? {} : { [name]: iso(at) };
  };
  return { reason: textOf(data, 'reason'), ...(user === '' ? {} : { user_id: user }), ...time('from'), ...time('to') };
}
