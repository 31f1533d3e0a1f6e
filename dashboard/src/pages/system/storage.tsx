import { useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { type BarRow, BarTable, Details } from '../../ui/bar-table.js';
import { bytes, exact, figure, NONE } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';

/** What the installation's tables take on disk, and for how long there is room. */
export function Storage() {
  const loaded = useGet('/retention/storage', {}, { every: 60_000 });
  const months = (loaded.data?.data ?? []).map((stored) => ({ name: nameOf(stored), count: stored.bytes }));
  const all = loaded.data?.database_bytes ?? 0;
  return (
    <Panel
      title="Storage"
      actions={<Details title="Tables and months" rows={months} total={all} {...WORDS} />}
      footer={
        <HowCounted
          method="exact"
          what="Bytes of tables with their indexes, by month of recording. Shares are of the whole database."
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {(storage) => (
          <>
            <Room storage={storage} />
            <div class="gap">
              <BarTable rows={byTable(storage.data)} total={storage.database_bytes} {...WORDS} />
            </div>
          </>
        )}
      </Show>
    </Panel>
  );
}

const WORDS = { caption: 'Tables by size', unit: 'Bytes', print: bytes };

function Room({ storage }: { storage: Schema<'StorageResponse'> }) {
  const { database_bytes: database, disk_bytes: disk, days_until_full: days } = storage;
  return (
    <dl class="facts">
      <dt>Database</dt>
      <dd>
        {bytes(database)}
        {disk !== null && ` of ${bytes(disk)}`}
      </dd>
      <dt>Bytes per event</dt>
      <dd>{figure(storage.bytes_per_event)}</dd>
      <dt>Events per day</dt>
      <dd>{figure(storage.events_per_day)}</dd>
      <dt>Full in</dt>
      <dd class={days !== null && days < 30 ? 'bad' : undefined}>
        {days === null
          ? disk === null
            ? `${NONE} (set DATABASE_DISK_BYTES)`
            : 'never, at this rate'
          : `${exact(days)} days`}
      </dd>
    </dl>
  );
}

type Stored = Schema<'StoredMonthResponse'>;

const nameOf = ({ table, month }: Stored) => (month === null ? table : `${table} ${month}`);

function byTable(stored: readonly Stored[]): BarRow[] {
  const sizes = new Map<string, number>();
  for (const { table, bytes: size } of stored) sizes.set(table, (sizes.get(table) ?? 0) + size);
  return [...sizes].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
}
