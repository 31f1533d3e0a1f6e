import { useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { asQuery, period } from '../../app/range.js';
import { param, setParams } from '../../app/router.js';
import { asked, isNarrowed, queryOf } from '../../filter/asked.js';
import { clock, duration, exact, moment } from '../../ui/format.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Json } from '../../ui/json.js';

const PAGE = 200;

/** What a user did, session by session in order. */
export function Journey({ id }: { id: string }) {
  const cursor = param('cursor') ?? undefined;
  const loaded = useGet(
    '/analytics/users/{user_id}/journey',
    { ...asQuery(period.value), ...queryOf(asked.value), limit: PAGE, cursor },
    { path: { user_id: id } },
  );
  return (
    <Panel title="Journey" class="gap">
      <Show loaded={loaded}>
        {({ sessions, next_cursor: next }) => (
          <>
            {sessions.length === 0 && (
              <p class="muted">No events in this range{isNarrowed.value && ' that fit the filter'}.</p>
            )}
            {sessions.map((session) => (
              <Session key={`${session.session_id} ${session.started_at}`} session={session} />
            ))}
            <div class="row more">
              {cursor !== undefined && (
                <button type="button" class="button" onClick={() => setParams({ cursor: null })}>
                  From the beginning
                </button>
              )}
              {next !== null && (
                <button type="button" class="button" onClick={() => setParams({ cursor: next })}>
                  Later events
                </button>
              )}
            </div>
          </>
        )}
      </Show>
    </Panel>
  );
}

function Session({ session }: { session: Schema<'JourneySession'> }) {
  const { session_id: id, started_at: start, ended_at: end, event_count: count, events } = session;
  return (
    <section class="session" aria-label={`Session of ${moment(start)}`}>
      <h3 class="break">
        {moment(start)}{' '}
        <span class="muted">
          · {duration(Date.parse(end) - Date.parse(start))} · {exact(count)} events{id === null ? '' : ` · ${id}`}
        </span>
      </h3>
      <ul class="journey">
        {events.map((event) => (
          <li key={event.id}>
            <span class="muted">{clock(event.event_time)}</span>
            <details>
              <summary>
                <span class="event-name break">{event.event_type}</span>
              </summary>
              <Json value={{ event_id: event.event_id, client_id: event.client_id, payload: event.payload }} />
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}
