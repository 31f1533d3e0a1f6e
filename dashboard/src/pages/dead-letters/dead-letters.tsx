import { useSignal } from '@preact/signals';
import { api } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Header, ZoneChoice } from '../../app/header.js';
import { filterBy, param, setParams } from '../../app/router.js';
import { useAction } from '../../ui/confirm.js';
import { exact, shortMoment } from '../../ui/format.js';
import { Failure, Panel, Show } from '../../ui/loaded.js';
import { Pager } from '../../ui/pager.js';
import { Letter } from './letter.js';

const STATES = ['open', 'dead'] as const;
const state = () => STATES.find((known) => known === param('state'));
const filters = () => ({
  state: state(),
  event_type: param('type') ?? undefined,
  client_id: param('client') ?? undefined,
});

export default function DeadLetters() {
  const loaded = useGet('/events/failed', { ...filters(), limit: 50, cursor: param('cursor') ?? undefined });
  const letter = param('letter');
  return (
    <>
      <Header title="Dead letters">
        <ZoneChoice />
      </Header>
      <Filters />
      <Panel title="Events that could not be processed" class="gap" actions={<RetryAll />}>
        <Show loaded={loaded}>
          {({ data, next_cursor: next }) => (
            <>
              {data.length === 0 ? (
                <p class="muted">
                  None. Events that fail, or do not fit a quarantining schema, wait here to be mended and retried.
                </p>
              ) : (
                <Table letters={data} />
              )}
              <Pager next={next} />
            </>
          )}
        </Show>
      </Panel>
      {letter !== null && <Letter id={letter} onClose={() => setParams({ letter: null })} />}
    </>
  );
}

function Filters() {
  return (
    <div class="row" role="search">
      <select aria-label="State" value={param('state') ?? ''} onChange={filterBy('state')}>
        <option value="">Open and dead</option>
        <option value="open">Open: retried by themselves</option>
        <option value="dead">Dead: given up</option>
      </select>
      <input
        type="search"
        aria-label="Event type"
        placeholder="Event type"
        value={param('type') ?? ''}
        onChange={filterBy('type')}
      />
      <input aria-label="Client" placeholder="Client" value={param('client') ?? ''} onChange={filterBy('client')} />
    </div>
  );
}

/** All that fit the filters, page by page as the API takes them. */
function RetryAll() {
  const done = useSignal<{ retried: number; processed: number } | null>(null);
  const action = useAction(async () => {
    let cursor: string | null = null;
    let [retried, processed] = [0, 0];
    do {
      const body: Schema<'RetryFailedDto'> = { ...filters(), ...(cursor === null ? {} : { cursor }) };
      const answer: Schema<'RetriedAllResponse'> = await api.post('/events/failed/retry', { body });
      retried += answer.retried;
      processed += answer.processed;
      cursor = answer.next_cursor;
      done.value = { retried, processed };
    } while (cursor !== null);
    await refresh('/events', '/analytics');
  });
  return (
    <>
      {done.value !== null && (
        <span class="muted" role="status">
          {exact(done.value.retried)} retried, {exact(done.value.processed)} processed
        </span>
      )}
      <button type="button" class="button end" disabled={action.isBusy} onClick={action.run}>
        Retry all that fit
      </button>
      {action.error !== null && <Failure error={action.error} />}
    </>
  );
}

function Table({ letters }: { letters: Schema<'FailedEventResponse'>[] }) {
  return (
    <table class="rows fold">
      <thead>
        <tr>
          <th scope="col">Failed</th>
          <th scope="col">Event type</th>
          <th scope="col">Reason</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            Attempts
          </th>
          <th scope="col">Next retry</th>
        </tr>
      </thead>
      <tbody>
        {letters.map((letter) => (
          <tr key={letter.id}>
            <td class="muted">{shortMoment(letter.failed_at)}</td>
            <td class="break">
              <button type="button" class="link" onClick={() => setParams({ letter: letter.id })}>
                {letter.event_type}
              </button>
            </td>
            <td class="break grow">{letter.reason}</td>
            <td class={letter.state === 'dead' ? 'bad' : 'warn'}>{letter.state}</td>
            <td class="number" data-label="attempts">
              {letter.attempts}
            </td>
            <td class="muted">{shortMoment(letter.next_retry_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
