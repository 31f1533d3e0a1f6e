import { useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { asQuery, period } from '../../app/range.js';
import { askedWords, isChosen, split, toggleHref } from '../../filter/asked.js';
import { BarTable, type BarRow, Details } from '../../ui/bar-table.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { useNarrowedQuery } from './counted.js';

export function Clients() {
  const { filter, segment, client_id, event_type } = split.value;
  // Clients and types are counted by rollups; anything else from the events.
  const isByRollups = filter === undefined && segment === undefined;
  const rollups = useGet(
    '/analytics/group-by-client-and-type',
    { ...asQuery(period.value), client_id },
    { enabled: isByRollups },
  );
  const events = useNarrowedQuery(period.value, { measure: 'events', breakdown: ['client_id'] }, !isByRollups);
  const loaded = isByRollups ? rollups : events;
  const counts = isByRollups ? sumByClient(rollups.data?.data, event_type) : byClient(events.data?.data);
  const rows = counts.map((row) => ({
    ...row,
    ...{ href: toggleHref('client_id', row.name), isChosen: isChosen('client_id', row.name) },
  }));
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
          answer={loaded.data}
          narrowed={askedWords.value}
          asOf={loaded.asOf}
        />
      }
    >
      <Show<unknown> loaded={loaded}>
        {() =>
          rows.length === 0 ? <p class="muted">No event in this range fits the filter.</p> : <BarTable {...table} />
        }
      </Show>
    </Panel>
  );
}

type Row = Pick<BarRow, 'name' | 'count'>;

function sumByClient(counts: readonly Schema<'ClientTypeCount'>[] = [], type: string | undefined): Row[] {
  const sums = new Map<string, number>();
  for (const { client_id, event_type, count } of counts) {
    if (type === undefined || type === event_type) sums.set(client_id, (sums.get(client_id) ?? 0) + count);
  }
  return [...sums].sort(([, a], [, b]) => b - a).map(([name, count]) => ({ name, count }));
}

const byClient = (rows: readonly Schema<'QueryRow'>[] = []): Row[] =>
  rows.map(({ client_id, value }) => ({ name: String(client_id), count: value }));
