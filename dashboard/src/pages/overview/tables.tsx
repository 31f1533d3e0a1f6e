import { hrefOf } from '../../app/router.js';
import { askedWords, isChosen, toggleHref } from '../../filter/asked.js';
import { BarTable, Details } from '../../ui/bar-table.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel } from '../../ui/loaded.js';
import { Clients } from './clients.js';
import { Conversion } from './conversion.js';
import type { Numbers } from './numbers.js';
import { Properties } from './properties.js';

export function Tables({ numbers }: { numbers: Numbers }) {
  return (
    <div class="grid">
      <Types numbers={numbers} />
      <Clients />
      <TopUsers numbers={numbers} />
      <Conversion numbers={numbers} />
      <Properties total={numbers.overview.summary.total_events} />
    </div>
  );
}

function Types({ numbers: { overview, asOf } }: { numbers: Numbers }) {
  const rows = overview.by_type.map(({ event_type: name, count }) => ({
    ...{ name, count, href: toggleHref('event_type', name), isChosen: isChosen('event_type', name) },
  }));
  const table = { rows, total: overview.summary.total_events, caption: 'Event types', unit: 'Events' };
  return (
    <Panel
      title="Event types"
      actions={<Details title="Event types" {...table} />}
      footer={
        <HowCounted
          method="exact"
          what="Processed events of each type."
          answer={overview}
          narrowed={askedWords.value}
          asOf={asOf}
        />
      }
    >
      {rows.length === 0 ? <p class="muted">No event in this range fits the filter.</p> : <BarTable {...table} />}
    </Panel>
  );
}

function TopUsers({ numbers: { overview, asOf } }: { numbers: Numbers }) {
  const { top_users_method: method, total_events: total } = overview.summary;
  const rows = overview.top_users.map(({ user_id: name, count }) => ({
    name,
    count,
    href: hrefOf('users', { user: name }),
  }));
  const table = { rows, total, caption: 'Top users', unit: 'Events' };
  const how = {
    exact: 'exact',
    candidates: 'exact counts; somebody who is never among the busiest of a day may be missed',
    none: 'not counted: the filter leaves more than 200,000 events',
  }[method];
  return (
    <Panel
      title="Top users"
      actions={<Details title="Top users" {...table} />}
      footer={
        <HowCounted
          method={how}
          what="The ten users with most events."
          answer={overview}
          narrowed={askedWords.value}
          asOf={asOf}
        />
      }
    >
      {rows.length === 0 ? (
        <p class="muted">
          {method === 'none'
            ? 'Too many events for this filter. Choose a shorter range.'
            : 'No event in this range names a user.'}
        </p>
      ) : (
        <BarTable {...table} most={10} />
      )}
    </Panel>
  );
}
