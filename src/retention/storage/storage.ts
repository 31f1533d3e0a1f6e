import type { Config } from '../../platform/config/config.js';
import type { Measured, StoredMonth } from './storage.repository.js';

export interface Storage {
  data: StoredMonth[];
  database_bytes: number;
  disk_bytes: number | null;
  bytes_per_event: number | null;
  events_per_day: number;
  days_until_full: number | null;
}

/** Tables whose rows are there because of single events; counts grow with time, not with events. */
const OF_EVENTS = ['events', 'event_keys', 'ingest_batches', 'event_patches', 'event_contexts', 'failed_events'];

/** @param config DATABASE_DISK_BYTES: PostgreSQL does not know how large its volume is */
export function toStorage(
  { tables, databaseBytes, recentEvents, days }: Measured,
  config: Pick<Config, 'DATABASE_DISK_BYTES' | 'EVENT_RETENTION_DAYS'>,
): Storage {
  const sum = (of: StoredMonth[], what: 'bytes' | 'rows') => of.reduce((total, table) => total + table[what], 0);
  const ofEvents = tables.filter(({ table }) => OF_EVENTS.includes(table));
  const events = sum(
    tables.filter(({ table }) => table === 'events'),
    'rows',
  );
  const perEvent = events === 0 ? null : sum(ofEvents, 'bytes') / events;
  const perDay = recentEvents / days;
  const disk = config.DATABASE_DISK_BYTES ?? null;
  const free = disk === null ? null : disk - databaseBytes;
  return {
    data: tables,
    database_bytes: databaseBytes,
    disk_bytes: disk,
    bytes_per_event: perEvent === null ? null : Math.round(perEvent),
    events_per_day: Math.round(perDay),
    days_until_full:
      free === null
        ? null
        : daysUntilFull({ free, perDay: perDay * (perEvent ?? 0), now: sum(ofEvents, 'bytes') }, config),
  };
}

/**
 * Null when it never is: after EVENT_RETENTION_DAYS as much leaves as comes, and what the events of so many days take
 * fits in what is free and what events take now.
 */
function daysUntilFull(
  { free, perDay, now }: { free: number; perDay: number; now: number },
  { EVENT_RETENTION_DAYS: kept }: Pick<Config, 'EVENT_RETENTION_DAYS'>,
): number | null {
  if (free <= 0) return 0;
  if (perDay === 0 || kept * perDay <= now + free) return null;
  return Math.floor(free / perDay);
}
