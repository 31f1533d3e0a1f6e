import { useGet } from '../../api/query.js';
import { Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, period } from '../../app/range.js';
import { hrefOf, param, setParams } from '../../app/router.js';
import { BarTable } from '../../ui/bar-table.js';
import { FirstEvent } from '../../ui/empty.js';
import { textOf } from '../../ui/form.js';
import { zone } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { User } from './user.js';

export default function Users() {
  const user = param('user');
  return (
    <>
      <Header title="Users">
        <Search user={user} />
        <RangeChoice />
        <ZoneChoice />
      </Header>
      {user === null ? <Busiest /> : <User key={user} id={user} />}
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

function Busiest() {
  const { interval } = period.value;
  const loaded = useGet('/analytics', { ...asQuery(period.value), tz: zone(), interval });
  const { data } = loaded;
  return (
    <Panel
      title="Busiest users"
      footer={
        <HowCounted
          method="exact counts"
          what="The ten users with most events. Search for anybody else by the id your application sends."
          from={data?.from}
          to={data?.to}
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {(answer) => {
          if (!('summary' in answer)) return null;
          if (answer.summary.total_events === 0) return <FirstEvent />;
          const rows = answer.top_users.map(({ user_id: name, count }) => ({
            name,
            count,
            href: hrefOf('users', { user: name }),
          }));
          return (
            <BarTable rows={rows} total={answer.summary.total_events} caption="Busiest users" unit="Events" most={10} />
          );
        }}
      </Show>
    </Panel>
  );
}
