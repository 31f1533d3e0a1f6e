import { useSignal } from '@preact/signals';
import { api } from '../../api/client.js';
import { refresh } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { may } from '../../app/session.js';
import { ActionForm } from '../../ui/action-form.js';
import { Dialog } from '../../ui/dialog.js';
import { textOf } from '../../ui/form.js';
import { zone } from '../../ui/format.js';
import { iso, parseLocal } from '../../ui/time.js';

type Scope = NonNullable<Schema<'CreateKeyDto'>['scopes']>[number];

const SCOPES: [Scope, string][] = [
  ['track', 'send events and nothing else: for browsers and devices'],
  ['write', 'send events and audit entries'],
  ['read', 'see events, analytics and the audit log'],
  ['admin', 'everything in this tenant, keys too'],
  ['platform', 'everything, in all tenants'],
];

export function CreateKey({ onCreated }: { onCreated: (key: Schema<'CreatedKeyResponse'>) => void }) {
  const isOpen = useSignal(false);
  return (
    <>
      <button type="button" class="button primary" onClick={() => (isOpen.value = true)}>
        Create key
      </button>
      {isOpen.value && (
        <Dialog title="Create a key" onClose={() => (isOpen.value = false)}>
          <Form
            onCreated={(key) => {
              isOpen.value = false;
              onCreated(key);
            }}
          />
        </Dialog>
      )}
    </>
  );
}

function Form({ onCreated }: { onCreated: (key: Schema<'CreatedKeyResponse'>) => void }) {
  const act = async (data: FormData) => {
    const key = await api.post('/keys', { body: toBody(data) });
    await refresh('/keys');
    onCreated(key);
  };
  return (
    <ActionForm label="Create" act={act}>
      <label class="field">
        Name
        <input name="name" required maxLength={255} placeholder="Web shop, production" />
      </label>
      <label class="field">
        Client (the application that uses it)
        <input name="client_id" required maxLength={255} placeholder="web-shop" />
      </label>
      <fieldset class="plain">
        <legend class="muted">May</legend>
        {SCOPES.filter(([scope]) => may(scope)).map(([scope, what]) => (
          <label key={scope} class="check">
            <input type="checkbox" name="scopes" value={scope} defaultChecked={scope === 'write' || scope === 'read'} />
            <span>
              {scope} <span class="muted">{what}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div class="row">
        <label class="field grow">
          Requests per minute
          <input name="rate_limit" type="number" min={1} placeholder="the default" />
        </label>
        <label class="field grow">
          Ends ({zone()})
          <input name="expires_at" type="datetime-local" />
        </label>
      </div>
    </ActionForm>
  );
}

function toBody(data: FormData): Schema<'CreateKeyDto'> {
  const text = (name: string) => textOf(data, name);
  const end = text('expires_at') === '' ? null : parseLocal(text('expires_at'), zone());
  return {
    client_id: text('client_id'),
    name: text('name'),
    scopes: data.getAll('scopes') as Scope[],
    ...(text('rate_limit') === '' ? {} : { rate_limit: Number(text('rate_limit')), rate_window_s: 60 }),
    ...(end === null ? {} : { expires_at: iso(end) }),
  };
}
