import { useSignal } from '@preact/signals';
import { ApiError, api } from '../../api/client.js';
import { parseObject } from '../../api/json.js';
import { refresh, useLoad } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { may } from '../../app/session.js';
import { Confirm, useAction } from '../../ui/confirm.js';
import { Dialog } from '../../ui/dialog.js';
import { Failure, Show } from '../../ui/loaded.js';

const EXAMPLE = { type: 'object', required: ['amount'], properties: { amount: { type: 'number', minimum: 0 } } };

/** The JSON Schema that payloads of one event type must fit. */
export function SchemaDialog({ type, onClose }: { type: string; onClose: () => void }) {
  const loaded = useLoad(['/event-types/schema', type], () => load(type), { every: false });
  return (
    <Dialog title={type === '' ? 'Add a schema' : `Schema of ${type}`} onClose={onClose} wide>
      <Show loaded={loaded}>{({ schema }) => <Form type={type} current={schema} onClose={onClose} />}</Show>
    </Dialog>
  );
}

/** Without a schema there is none to show, which is no failure. */
async function load(type: string): Promise<{ schema: Schema<'EventTypeSchemaResponse'> | null }> {
  if (type === '') return { schema: null };
  try {
    return { schema: await api.get('/event-types/{event_type}/schema', { path: { event_type: type } }) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { schema: null };
    throw error;
  }
}

interface FormProps {
  type: string;
  current: Schema<'EventTypeSchemaResponse'> | null;
  onClose: () => void;
}

function Form({ type, current, onClose }: FormProps) {
  const name = useSignal(type);
  const text = useSignal(JSON.stringify(current?.schema ?? EXAMPLE, null, 2));
  const mode = useSignal<'reject' | 'quarantine'>(current?.mode ?? 'reject');
  const done = async () => {
    await refresh('/event-types');
    onClose();
  };
  const save = useAction(async () => {
    const body = { schema: parse(text.value), mode: mode.value };
    await api.put('/event-types/{event_type}/schema', { path: { event_type: name.value }, body });
    await done();
  });
  const remove = async () => {
    await api.delete('/event-types/{event_type}/schema', { path: { event_type: type } });
    await done();
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        save.run();
      }}
    >
      {type === '' && (
        <label class="field">
          Event type
          <input
            required
            maxLength={255}
            value={name.value}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
      )}
      <label class="field">
        JSON Schema (2020-12) of the payload
        <textarea
          rows={14}
          spellcheck={false}
          readOnly={!may('admin')}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        Events that do not fit
        <select
          value={mode.value}
          disabled={!may('admin')}
          onChange={(event) => (mode.value = event.currentTarget.value === 'quarantine' ? 'quarantine' : 'reject')}
        >
          <option value="reject">are rejected when they are sent</option>
          <option value="quarantine">go to the dead letters</option>
        </select>
      </label>
      {save.error !== null && <Failure error={save.error} />}
      {may('admin') && (
        <div class="row">
          <button type="submit" class="button primary" disabled={save.isBusy}>
            Save
          </button>
          {current !== null && <Confirm label="Remove" question={`Remove the schema of “${type}”?`} act={remove} />}
        </div>
      )}
    </form>
  );
}

function parse(text: string): Record<string, unknown> {
  const value = parseObject(text);
  if (value === null) throw new ApiError(400, 'The schema must be a JSON object.');
  return value;
}
