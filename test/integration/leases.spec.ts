import { HoldsRepository } from '../../src/audit/preservation/holds.repository.js';
import { type ClaimedJob, JobsRepository } from '../../src/events/jobs/jobs.repository.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import type { Leased } from '../../src/platform/database/lease.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { type ClaimedRun, TaskRunsRepository } from '../../src/retention/schedule/task-runs.repository.js';
import { type ClaimedErasure, ErasuresRepository } from '../../src/privacy/erasures/erasures.repository.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { describeDatabase } from '../support/fixture.js';

/** By which its worker knows a row. */
type Held = Pick<Leased, 'id' | 'claim'>;

interface Kind {
  table: string;
  insert: string;
  claim(): Promise<Held | null>;
  /** @returns false when it has become another's */
  advance(held: Held): Promise<boolean>;
  letGo(held: Held): Promise<void>;
}

describeDatabase('leases', {}, (test) => {
  let database: Database;

  beforeAll(() => {
    database = new Database(loadConfig({ DATABASE_URL: test.url, DB_POOL_SIZE: '8' }));
  });

  afterAll(() => database.onApplicationShutdown());

  function jobs(): Kind {
    const repository = new JobsRepository(database);
    return {
      table: 'jobs',
      insert: `insert into jobs (tenant_id, id, name, parameters, total, client_id, created_at)
             values ($1, $2, 'generate-sample-data', '{}', 1, 'x', now() + interval '1 second' * $3)`,
      claim: () => repository.claim(uuid7(), null),
      advance: (held) => repository.advance(held as ClaimedJob),
      letGo: (held) => repository.release(held as ClaimedJob),
    };
  }

  function erasures(): Kind {
    const repository = new ErasuresRepository(database, new HoldsRepository(database));
    return {
      table: 'privacy_erasures',
      insert: `insert into privacy_erasures (tenant_id, id, subject, subject_hmac, mentions, client_id, requested_at)
             values ($1, $2, 's', repeat('0', 64), 'keep', 'x', now() + interval '1 second' * $3)`,
      claim: () => repository.claim(),
      advance: (held) =>
        database
          .inSystem((sql) => repository.advance(sql, held as ClaimedErasure, { stage: 'find' }))
          .then(
            () => true,
            () => false,
          ),
      letGo: (held) => repository.putOff(held as ClaimedErasure),
    };
  }

  /** Of one task each: two runs of the same one are never done at the same time. */
  function runs(): Kind {
    const repository = new TaskRunsRepository(database);
    const tasks = ['0', '1', '2', '3', '4'];
    return {
      table: 'task_runs',
      insert: `insert into task_runs (id, task, due)
             select $2, $3::integer::text, now() + interval '1 second' * $3 where $1::uuid is not null`,
      claim: () => repository.claim(uuid7(), tasks, null),
      advance: (held) => repository.advance(held as ClaimedRun, []),
      letGo: (held) => repository.release(held as ClaimedRun),
    };
  }

  describe.each([
    ['jobs', jobs],
    ['erasures', erasures],
    ['runs of scheduled tasks', runs],
  ])('leases of %s', (_name, kindOf) => {
    let kind: Kind;

    beforeEach(async () => {
      kind = kindOf();
      await test.query(`delete from ${kind.table}`);
    });

    const insert = async (n: number) => {
      const ids = Array.from({ length: n }, () => uuid7());
      for (const [at, id] of ids.entries()) await test.query(kind.insert, [DEFAULT_TENANT_ID, id, at]);
      return ids;
    };
    const end = () => test.query(`update ${kind.table} set leased_until = now() - interval '1 second'`);

    it('go to one worker each, the oldest first, however many ask at once', async () => {
      const ids = await insert(5);
      expect((await kind.claim())?.id).toBe(ids[0]);
      const claimed = await Promise.all(Array.from({ length: 8 }, () => kind.claim()));
      const held = claimed.filter((one) => one !== null);
      expect(held.map(({ id }) => id).sort()).toEqual(ids.slice(1));
      expect(new Set(held.map(({ claim }) => claim)).size).toBe(4);
      expect(await kind.claim()).toBeNull();
    });

    it('are renewed by each step', async () => {
      await insert(1);
      const held = (await kind.claim())!;
      await end();
      expect(await kind.advance(held)).toBe(true);
      expect(await kind.claim()).toBeNull();
    });

    it('that have run out go to the next worker, and the one before changes nothing any more', async () => {
      const [id] = await insert(1);
      const first = (await kind.claim())!;
      await end();
      const second = (await kind.claim())!;
      expect([second.id, second.claim === first.claim]).toEqual([id, false]);
      expect(await kind.advance(first)).toBe(false);
      await kind.letGo(first);
      expect(await kind.claim()).toBeNull();
      expect(await kind.advance(second)).toBe(true);
    });
  });
});
