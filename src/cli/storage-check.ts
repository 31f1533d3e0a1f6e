import type { Config } from '../platform/config/config.js';
import type { Sql } from '../platform/database/database.js';
import { toStorage } from '../retention/storage/storage.js';
import { measureStorage } from '../retention/storage/storage.repository.js';

/** Less than this, and somebody should look. */
const SOON_DAYS = 14;

const GIB = 2 ** 30;

/** What `doctor` says of the disk: the figures of GET /retention/storage. */
export async function checkStorage(sql: Sql, config: Config): Promise<{ check: string; ok: boolean; detail: string }> {
  try {
    const { database_bytes, bytes_per_event, events_per_day, disk_bytes, days_until_full } = toStorage(
      await measureStorage(sql),
      config,
    );
    const perEvent = bytes_per_event === null ? '' : `, ${bytes_per_event} bytes per event, ${events_per_day} a day`;
    const takes = `the database takes ${(database_bytes / GIB).toFixed(2)} GiB${perEvent}`;
    if (disk_bytes === null) {
      const detail = `${takes}; set DATABASE_DISK_BYTES to see for how long there is room`;
      return { check: 'storage', ok: true, detail };
    }
    const ok = days_until_full === null || days_until_full >= SOON_DAYS;
    const left =
      days_until_full === null ? 'retention keeps it within the disk' : `full in ${days_until_full} days at this rate`;
    const advice = ok ? '' : '; keep events for fewer days (EVENT_RETENTION_DAYS, policies) or enlarge the disk';
    return { check: 'storage', ok, detail: `${takes}, ${left}${advice}` };
  } catch (error) {
    return { check: 'storage', ok: false, detail: `${(error as Error).message}; run the migrations` };
  }
}
