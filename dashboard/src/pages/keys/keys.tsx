import { useSignal } from '@preact/signals';
import { api, session } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Header, ZoneChoice } from '../../app/header.js';
import { param } from '../../app/router.js';
import { Confirm, useAction } from '../../ui/confirm.js';
import { Copyable } from '../../ui/empty.js';
import { date, exact, shortMoment } from '../../ui/format.js';
import { Failure, Panel, Show } from '../../ui/loaded.js';
import { Pager } from '../../ui/pager.js';
import { CreateKey } from './create-key.js';

type Key = Schema<'KeyResponse'>;

export default function Keys() {
  const created = useSignal<Schema<'CreatedKeyResponse'> | null>(null);
  const loaded = useGet('/keys', { limit: 100, cursor: param('cursor') ?? undefined });
  const show = (key: Schema<'CreatedKeyResponse'>) => (created.value = key);
  return (
    <>
      <Header title="Keys">
        <CreateKey onCreated={show} />
        <ZoneChoice />
      </Header>
      {created.value !== null && <Shown created={created.value} onClose={() => (created.value = null)} />}
      <Panel title="API keys" class="gap">
        <Show loaded={loaded}>
          {({ data, next_cursor: next }) => (
            <>
              {data.length === 0 ? (
                <p class="muted">This tenant has no key. Create one for each application that sends or reads.</p>
              ) : (
                <Table keys={data} onRotated={show} />
              )}
              <Pager next={next} />
            </>
          )}
        </Show>
      </Panel>
    </>
  );
}

/** The key itself, this once. */
function Shown({ created, onClose }: { created: Schema<'CreatedKeyResponse'>; onClose: () => void }) {
  return (
    <div class="key-shown" role="status">
      <p>
        The key <b class="break">{created.name}</b> is shown this once. Copy it now; only a hash of it is stored.
      </p>
      <Copyable text={created.key} label="Copy key" />
      <div class="row">
        <button type="button" class="button" onClick={onClose}>
          I have it
        </button>
      </div>
    </div>
  );
}

function Table({ keys, onRotated }: { keys: Key[]; onRotated: (key: Schema<'CreatedKeyResponse'>) => void }) {
  return (
    <table class="rows fold">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Client</th>
          <th scope="col">Scopes</th>
          <th scope="col">Limit</th>
          <th scope="col">Last used</th>
          <th scope="col">Created</th>
          <th scope="col">State</th>
          <th scope="col">
            <span class="hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Row key={key.id} apiKey={key} onRotated={onRotated} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ apiKey: key, onRotated }: { apiKey: Key; onRotated: (key: Schema<'CreatedKeyResponse'>) => void }) {
  const path = { id: key.id };
  const toggle = useAction(async () => {
    await api.patch('/keys/{id}', { path, body: { is_active: !key.is_active } });
    await refresh('/keys');
  });
  const rotate = async () => {
    onRotated(await api.post('/keys/{id}/rotate', { path, body: {} }));
    await refresh('/keys');
  };
  const remove = async () => {
    await api.delete('/keys/{id}', { path });
    await refresh('/keys');
  };
  const isOwn = session.value?.key_id === key.id;
  return (
    <tr>
      <th scope="row" class="break grow">
        {key.name} {isOwn && <span class="muted">(signed in with it)</span>}
      </th>
      <td class="break" data-label="client">
        {key.client_id}
      </td>
      <td data-label="scopes">{key.scopes.join(', ')}</td>
      <td class="muted">
        {exact(key.rate_limit)} / {key.rate_window_s} s
      </td>
      <td class="muted" data-label="last used">
        {shortMoment(key.last_used_at)}
      </td>
      <td class="muted" data-label="created">
        {date(key.created_at)}
      </td>
      <td>
        <State apiKey={key} />
      </td>
      <td>
        <div class="row actions">
          <button
            type="button"
            class="button"
            disabled={toggle.isBusy}
            onClick={toggle.run}
            aria-label={`${key.is_active ? 'Disable' : 'Enable'} ${key.name}`}
          >
            {key.is_active ? 'Disable' : 'Enable'}
          </button>
          <Confirm
            label="Rotate"
            isDanger={false}
            question={`Make a new key in place of “${key.name}”? The old one ends at once.`}
            act={rotate}
          />
          <Confirm
            label="Delete"
            question={`Delete the key “${key.name}”? What uses it is refused at once.`}
            act={remove}
          />
        </div>
        {toggle.error !== null && <Failure error={toggle.error} />}
      </td>
    </tr>
  );
}

function State({ apiKey: { is_active: isActive, expires_at: end } }: { apiKey: Key }) {
  if (end !== null && Date.parse(end) <= Date.now()) return <span class="muted">expired</span>;
  if (!isActive) return <span class="warn">disabled</span>;
  return <span class="good">{end === null ? 'active' : `until ${date(end)}`}</span>;
}
