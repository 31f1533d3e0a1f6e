import { isScalar, printValue } from '../../api/json.js';
import type { Answer } from '../../api/client.js';
import type { Loaded } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { askedWords, isChosen, isNarrowed, toggleHref } from '../../filter/asked.js';
import { BarTable } from '../../ui/bar-table.js';
import { duration, exact, moment } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Journey } from './journey.js';

interface UserProps {
  id: string;
  /** The overview with the user's id, which is the user's own. */
  loaded: Loaded<Answer<'get', '/analytics'>>;
}

export function User({ id, loaded }: UserProps) {
  return (
    <>
      <Show loaded={loaded}>
        {(answer) => ('user_id' in answer ? <Summary user={answer} asOf={loaded.asOf} /> : null)}
      </Show>
      <Journey id={id} />
    </>
  );
}

function Summary({ user, asOf }: { user: Schema<'UserOverviewResponse'>; asOf: number }) {
  const rows = user.by_type.map(({ event_type: name, count }) => ({
    ...{ name, count, href: toggleHref('event_type', name), isChosen: isChosen('event_type', name) },
  }));
  return (
    <div class="grid first">
      <Panel
        title={user.user_id}
        footer={
          <HowCounted
            method="exact"
            what="Processed events of this user."
            answer={user}
            narrowed={askedWords.value}
            asOf={asOf}
          />
        }
      >
        {user.total_events === 0 ? (
          <p class="muted">
            Nothing of this user in this range{isNarrowed.value && ' that fits the filter'}. Ids are exact: upper and
            lower case differ.
          </p>
        ) : (
          <dl class="facts">
            <dt>Events</dt>
            <dd>{exact(user.total_events)}</dd>
            <dt>Sessions</dt>
            <dd>
              {exact(user.sessions.length)}
              {user.sessions.length === 100 && ' or more'}
            </dd>
            <dt>First seen</dt>
            <dd>{moment(user.first_seen)}</dd>
            <dt>Last seen</dt>
            <dd>{moment(user.last_seen)}</dd>
            <dt>Last session</dt>
            <dd>{duration((user.sessions[0]?.duration_s ?? 0) * 1_000)}</dd>
            <Properties events={user.recent_events} />
          </dl>
        )}
      </Panel>
      <Panel title="Event types">
        <BarTable rows={rows} total={user.total_events} caption="Event types" unit="Events" most={8} />
      </Panel>
    </div>
  );
}

const MOST = 12;

/** What the newest events say, each property as it was said last. */
function Properties({ events }: { events: Schema<'RecentEventResponse'>[] }) {
  const values = new Map<string, unknown>();
  for (const { payload } of events) {
    for (const [name, value] of Object.entries(payload)) {
      if (!values.has(name) && isScalar(value)) values.set(name, value);
    }
  }
  return (
    <>
      {[...values].slice(0, MOST).map(([name, value]) => (
        <>
          <dt key={name}>{name}</dt>
          <dd>{printValue(value)}</dd>
        </>
      ))}
    </>
  );
}
