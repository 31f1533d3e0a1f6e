import { PostgresqlEventStore } from '../../src/analytics/postgresql-store/postgresql-event-store.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { DAY_MS, HOUR_MS } from '../../src/platform/time/time.js';
import { describeApi } from '../support/fixture.js';

/** As many as may be asked for. */
const PERIODS = 100;
const MIDNIGHT = Date.parse('2026-03-01T00:00:00Z');
/** Local midnights at 22:00 of UTC, so that a UTC day has parts of two time windows. */
const BOUNDS = Array.from({ length: PERIODS + 1 }, (_, n) => MIDNIGHT - 2 * HOUR_MS + n * DAY_MS);

describeApi('retention by days of users', {}, (api, { database }) => {
  const tenantId = uuid7();

  /** The user was active at these hours after the first midnight. */
  async function add(userId: string, hours: readonly number[]): Promise<void> {
    await database.query(
      `insert into user_days (tenant_id, day, user_key, first_time, last_time, count, user_id)
       select $1, date_trunc('day', at), subject_key($2), min(at), max(at), count(*), $2
       from unnest($3::timestamptz[]) as at group by 2`,
      [tenantId, userId, hours.map((hour) => new Date(MIDNIGHT + hour * HOUR_MS))],
    );
  }

  it('tells first, last and every time window apart, and leaves out who came before', async () => {
    const daily = Array.from({ length: PERIODS }, (_, day) => day * 24);
    await add('every day', daily);
    await add('the same', daily);
    await add('first and last', [0, 99 * 24 + 21]);
    await add('both sides of a midnight', [24 + 21, 24 + 22]);
    await add('beyond the last', [99 * 24, 99 * 24 + 22]);
    await add('before', [-3, 5 * 24]);
    await add('long before', [-90 * 24, ...daily]);
    await add('after', [100 * 24 + 1]);
    const { data } = await api.app.get(PostgresqlEventStore).listRetained(tenantId, BOUNDS, undefined);
    const expected = daily.map((_, n) => ({ cohort: 1, period: n + 1, users: n === 0 || n === PERIODS - 1 ? 3 : 2 }));
    expect(data.sort((a, b) => a.cohort - b.cohort || a.period - b.period)).toEqual([
      ...expected,
      { cohort: 2, period: 2, users: 1 },
      { cohort: 2, period: 3, users: 1 },
      { cohort: PERIODS, period: PERIODS, users: 1 },
    ]);
  });
});
