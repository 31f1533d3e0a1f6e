import { useSignal } from '@preact/signals';
import { ApiError, api } from '../../api/client.js';
import { parseObject } from '../../api/json.js';
import { refresh, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Confirm, useAction } from '../../ui/confirm.js';
import { Dialog } from '../../ui/dialog.js';
import { moment } from '../../ui/format.js';
import { Json } from '../../ui/json.js';
import { Failure, Show } from '../../ui/loaded.js';

/** One dead letter: what is wrong with it, and its payload to be mended and tried again. */
export function Letter({ id, onClose }: { id: string; onClose: () => void }) {
  const loaded = useGet('/events/failed/{id}', {}, { path: { id }, every: false });
  return (
    <Dialog title="Dead letter" onClose={onClose} wide>
      <Show loaded={loaded}>{(letter) => <Content letter={letter} onClose={onClose} />}</Show>
    </Dialog>
  );
}

function Content({ letter, onClose }: { letter: Schema<'FailedEventResponse'>; onClose: () => void }) {
  const text = useSignal(JSON.stringify(letter.payload, null, 2));
  const outcome = useSignal<Schema<'RetriedResponse'> | null>(null);
  const retry = useAction(async () => {
    const payload = parse(text.value);
    const isChanged = JSON.stringify(payload) !== JSON.stringify(letter.payload);
    outcome.value = await api.post('/events/failed/{id}/retry', {
      path: { id: letter.id },
      body: isChanged ? { payload } : {},
    });
    await refresh('/events', '/analytics');
  });
  const remove = async () => {
    await api.delete('/events/failed/{id}', { path: { id: letter.id } });
    await refresh('/events');
    onClose();
  };
  return (
    <div class="stack">
      <dl class="facts">
        <dt>Event type</dt>
        <dd>{letter.event_type}</dd>
        <dt>Event id</dt>
        <dd>{letter.event_id}</dd>
        <dt>Client</dt>
        <dd>{letter.client_id}</dd>
        <dt>Happened</dt>
        <dd>{moment(letter.event_time)}</dd>
        <dt>Reason</dt>
        <dd class="bad">{letter.reason}</dd>
        <dt>State</dt>
        <dd>
          {letter.state}, {letter.attempts} attempts
          {letter.next_retry_at !== null && `, next at ${moment(letter.next_retry_at)}`}
        </dd>
      </dl>
      <label class="field">
        Payload
        <textarea
          rows={10}
          spellcheck={false}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </label>
      {letter.original_payload !== undefined && (
        <details>
          <summary>Payload as it was received</summary>
          <Json value={letter.original_payload} />
        </details>
      )}
      {retry.error !== null && <Failure error={retry.error} />}
      <Outcome outcome={outcome.value} />
      <div class="row">
        <button
          type="button"
          class="button primary"
          disabled={retry.isBusy || outcome.value?.status === 'processed'}
          onClick={retry.run}
        >
          Retry
        </button>
        <Confirm label="Delete" question="Delete this event for good?" act={remove} />
      </div>
    </div>
  );
}

function Outcome({ outcome }: { outcome: Schema<'RetriedResponse'> | null }) {
  return (
    <p role="status" class={outcome?.status === 'processed' ? 'good' : 'bad'}>
      {outcome === null
        ? ''
        : outcome.status === 'processed'
          ? 'Processed and counted.'
          : `Failed again: ${outcome.reason ?? ''}`}
    </p>
  );
}

function parse(text: string): Record<string, unknown> {
  const value = parseObject(text);
  if (value === null) throw new ApiError(400, 'The payload must be a JSON object.');
  return value;
}
