import type { Answer } from '../../api/client.js';
import { type Loaded, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, period } from '../../app/range.js';
import { hrefOf, param, setParams } from '../../app/router.js';
import { asked, askedWords, isNarrowed, queryOf, split, splitQuery } from '../../filter/asked.js';
import { PageFilter, UnreadableFilter } from '../../filter/bar.js';
import { BarTable } from '../../ui/bar-table.js';
import { FirstEvent } from '../../ui/empty.js';
import { textOf } from '../../ui/form.js';
import { zone } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { User } from './user.js';

type Overview = Loaded<Answer<'get', '/analytics'>>;

export default function Users() {
  const user = param('user');
  const isReadable = asked.value.fault === null;
  const narrowed = user === null ? splitQuery(split.value) : { ...queryOf(asked.value), user_id: user };
  const query = { ...asQuery(period.value), ...narrowed, tz: zone(), interval: period.value.interval };
  const loaded = useGet('/analytics', query, { enabled: isReadable });
  return (
    <>
      <Header title="Users">
        <Search user={user} />
        <RangeChoice />
        <ZoneChoice />
        <PageFilter
          error={loaded.error}
          sent={user === null ? split.value.filter : asked.value.filter}
          unseen={loaded.data?.unseen_properties}
        />
      </Header>
      {!isReadable ? (
        <UnreadableFilter />
      ) : user === null ? (
        <Busiest loaded={loaded} />
      ) : (
        <User key={user} id={user} loaded={loaded} />
      )}
    </>
  );
}

function Search({ user }: { user: string | null }) {
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        setParams({ user: textOf(event.currentTarget, 'user'), session: null });
      }}
    >
      <input
        type="search"
        name="user"
        aria-label="User id"
        placeholder="User id, then Enter"
        maxLength={255}
        value={user ?? ''}
      />
    </form>
  );
}

function Busiest({ loaded }: { loaded: Overview }) {
  return (
    <Panel
      title="Busiest users"
      footer={
        <HowCounted
          method="exact counts"
          what="The ten users with most events. Search for anybody else by the id your application sends."
          answer={loaded.data}
          narrowed={askedWords.value}
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>{(answer) => ('summary' in answer ? <Ranking overview={answer} /> : null)}</Show>
    </Panel>
  );
}

function Ranking({ overview: { summary, top_users } }: { overview: Schema<'OverviewResponse'> }) {
  if (summary.total_events === 0 && !isNarrowed.value) return <FirstEvent />;
  if (summary.top_users_method === 'none') {
    return <p class="muted">Too many events for this filter. Choose a shorter range.</p>;
  }
  if (top_users.length === 0) return <p class="muted">No event here names a user.</p>;
  const rows = top_users.map(({ user_id: name, count }) => ({ name, count, href: hrefOf('users', { user: name }) }));
  return <BarTable rows={rows} total={summary.total_events} caption="Busiest users" unit="Events" most={10} />;
}
