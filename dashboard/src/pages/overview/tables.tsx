import { useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { asQuery, period } from '../../app/range.js';
import { hrefOf, param, params } from '../../app/router.js';
import { BarTable, type BarRow, Details } from '../../ui/bar-table.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { FunnelSteps } from '../../ui/funnel-steps.js';
import { duration, percent } from '../../ui/format.js';
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

/** A link that narrows this page to `value`, or widens it again. */
export function filterHref(name: 'client' | 'type', value: string): string {
  const kept = Object.fromEntries(params.value);
  return hrefOf('overview', { ...kept, [name]: param(name) === value ? null : value });
}

const chosen = (name: 'client' | 'type', value: string) => param(name) === value;

function Types({ numbers: { overview, asOf } }: { numbers: Numbers }) {
  const rows = overview.by_type.map(({ event_type: name, count }) => ({
    ...{ name, count, href: filterHref('type', name), isChosen: chosen('type', name) },
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
          from={overview.from}
          to={overview.to}
          asOf={asOf}
        />
      }
    >
      <BarTable {...table} />
    </Panel>
  );
}

function Clients() {
  const loaded = useGet('/analytics/group-by-client-and-type', {
    ...asQuery(period.value),
    client_id: param('client') ?? undefined,
  });
  const rows = loaded.data === undefined ? [] : sumByClient(loaded.data.data);
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const table = { rows, total, caption: 'Clients', unit: 'Events' };
  return (
    <Panel
      title="Clients"
      actions={<Details title="Clients" {...table} />}
      footer={
        <HowCounted
          method="exact"
          what="Processed events sent by each application; its keys carry the client's name."
          from={loaded.data?.from}
          to={loaded.data?.to}
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>{() => <BarTable {...table} />}</Show>
    </Panel>
  );
}

function sumByClient(counts: readonly Schema<'ClientTypeCount'>[]): BarRow[] {
  const type = param('type');
  const sums = new Map<string, number>();
  for (const { client_id, event_type, count } of counts) {
    if (type === null || type === event_type) sums.set(client_id, (sums.get(client_id) ?? 0) + count);
  }
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => ({ name, count, href: filterHref('client', name), isChosen: chosen('client', name) }));
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
          from={overview.from}
          to={overview.to}
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

function Conversion({ numbers: { overview, asOf } }: { numbers: Numbers }) {
  const { conversion } = overview;
  if (conversion === null || conversion.steps.length === 0) return null;
  const { name, steps, rate, window_s: window, method, funnel_id: id } = conversion;
  const how = method === 'exact' ? 'exact' : 'estimate from a sample of users, scaled up; standard error at most 2.5 %';
  return (
    <Panel
      title={name}
      actions={
        <>
          <span class="muted">{percent(rate)} of the first step</span>
          <a
            class="quiet end"
            href={hrefOf('funnels', {
              funnel: id,
              steps: id === null ? JSON.stringify(steps.map(({ event_type }) => ({ event_type }))) : null,
            })}
          >
            Open
          </a>
        </>
      }
      footer={
        <HowCounted
          method={how}
          what={`Users who took the steps in this order within ${duration(window * 1_000)}.`}
          from={overview.from}
          to={overview.to}
          asOf={asOf}
        />
      }
    >
      <FunnelSteps steps={steps} />
    </Panel>
  );
}
