import { useEffect } from 'preact/hooks';
import { useGet } from '../../api/query.js';
import { hrefOf } from '../../app/router.js';
import { clock } from '../../ui/format.js';
import { Panel, Show } from '../../ui/loaded.js';

const EVERY_MS = 5_000;

/** The newest events; asked for again when the count moves, and every few seconds. */
export function LastEvents({ processed }: { processed: number }) {
  const loaded = useGet('/events', { limit: 15 }, { every: EVERY_MS });
  useEffect(() => loaded.retry(), [processed]);
  return (
    <Panel title="Last events">
      <Show loaded={loaded}>
        {({ data }) =>
          data.length === 0 ? (
            <p class="muted">Nothing yet.</p>
          ) : (
            <table class="rows fold">
              <thead>
                <tr>
                  <th scope="col">Received</th>
                  <th scope="col">Event type</th>
                  <th scope="col">User</th>
                  <th scope="col">Client</th>
                </tr>
              </thead>
              <tbody>
                {data.map(({ id, received_at, event_type, user_id, client_id }) => (
                  <tr key={id}>
                    <td class="muted">{clock(received_at)}</td>
                    <td class="break">{event_type}</td>
                    <td class="break">
                      {user_id === null ? '–' : <a href={hrefOf('users', { user: user_id })}>{user_id}</a>}
                    </td>
                    <td class="muted break">{client_id}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </Panel>
  );
}
