import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestApi } from '../support/api.js';
import { TestClickHouse } from '../support/clickhouse.js';
import { TestFeed } from '../support/clickhouse-feed.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { type Outcome, runBuilt } from '../support/logins.js';
import { scrape, TOKEN } from '../support/metrics.js';
import { TestWorker } from '../support/worker.js';

const DOCTOR = 'doctor --json';
const RECOUNT = 'recount --engine=clickhouse --json';

describeDatabase('another installation', {}, (elsewhere) => {
  describeDatabase('an operator of ClickHouse', {}, (database) => {
    let server: TestClickHouse;
    let api: TestApi;
    let worker: TestWorker | undefined;
    let fed: TestFeed;

    const env = () => ({ DATABASE_URL: database.url, CLICKHOUSE_URL: server.url });
    const cli = (line: string, settings: Record<string, string> = env()): Promise<Outcome> =>
      runBuilt(settings, 'cli', ...line.split(' '));
    const lineOfDoctor = async (settings?: Record<string, string>) => {
      const { out } = await cli(DOCTOR, settings);
      const { findings } = JSON.parse(out) as { findings: { check: string; ok: boolean; detail: string }[] };
      return findings.find(({ check }) => check === 'clickhouse');
    };
    const recount = async (more = '') => {
      const { code, out } = await cli(`${RECOUNT}${more}`);
      return { code, differences: (JSON.parse(out) as { differences: object[] }).differences };
    };
    const measured = async () => {
      const samples = await scrape(`${api.url}/metrics`);
      return ['waiting_events', 'lag_seconds'].map((name) => samples.value(`tidemark_clickhouse_${name}`));
    };

    beforeAll(async () => {
      server = await TestClickHouse.start();
      api = await TestApi.start(database.url, { CLICKHOUSE_URL: server.url, METRICS_TOKEN: TOKEN });
      fed = new TestFeed(database.url, server.url);
    }, 90_000);

    afterAll(async () => {
      await fed.stop();
      await worker?.stop();
      await api.stop();
      await server.stop();
    });

    it('is told by doctor and metrics what is missing, until a worker feeds it', async () => {
      const events = Array.from({ length: 3 }, (_, n) => ({ event_type: 'view', user_id: `u-${n}` }));
      expect((await api.post('/events/batch', { events })).status).toBe(202);
      expect(await lineOfDoctor({ DATABASE_URL: database.url })).toMatchObject({
        ...{ ok: true, detail: 'not used (CLICKHOUSE_URL is not set)' },
      });
      expect(await lineOfDoctor()).toMatchObject({ ok: false, detail: expect.stringContaining('no worker') as string });
      expect(await measured()).toEqual([undefined, undefined]);
      worker = await TestWorker.start(database.url, { CLICKHOUSE_URL: server.url });
      await eventually(async () => expect((await fed.count()).events).toBe(3), 30_000);
      await eventually(async () => expect(await measured()).toEqual([0, 0]), 30_000);
      expect(await lineOfDoctor()).toEqual({
        ...{
          check: 'clickhouse',
          ok: true,
          detail: expect.stringMatching(/^has the events up to \d+ s ago$/) as string,
        },
      });
    }, 90_000);

    it('compares and repairs by recount', async () => {
      expect(await recount()).toEqual({ code: 0, differences: [] });
      await fed.clickhouse.command(`ALTER TABLE tidemark.events DELETE WHERE user_id = 'u-1'`, {
        settings: { mutations_sync: '2' },
      });
      const difference = { event_type: 'view', postgresql: 3, clickhouse: 2, repaired: false };
      expect(await recount()).toMatchObject({ code: 1, differences: [difference] });
      expect(await recount(' --repair')).toMatchObject({ code: 0, differences: [{ ...difference, repaired: true }] });
      expect(await recount()).toEqual({ code: 0, differences: [] });
    }, 60_000);

    it('is told which setting a command lacks', async () => {
      const without = { DATABASE_URL: database.url };
      for (const line of [RECOUNT, 'backfill-clickhouse']) {
        const { code, err } = await cli(line, without);
        expect({ line, code, err }).toEqual({
          line,
          code: 2,
          err: expect.stringContaining('CLICKHOUSE_URL') as string,
        });
      }
      const { code, err } = await cli('recount --engine=duckdb');
      expect([code, err]).toEqual([2, expect.stringContaining('--engine is clickhouse')]);
    }, 60_000);

    it('has a tenant that is imported there too', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-import-'));
      const other = await TestApi.start(elsewhere.url);
      const tenant = await other.createTenant('Moved');
      const key = await other.createKey(tenant, ['write']);
      const events = Array.from({ length: 7 }, (_, n) => ({ event_type: 'moved', user_id: `m-${n}` }));
      await other.post('/events/batch', { events }, key);
      const worker = await TestWorker.start(elsewhere.url);
      const counted = `select from ingest_batches where tenant_id = $1 and status = 'processed'`;
      await eventually(async () => expect(await elsewhere.query(counted, [tenant])).toHaveLength(1));
      await worker.stop();
      await other.stop();
      const file = join(folder, 'tenant.gz');
      const source = { DATABASE_URL: elsewhere.url, DATABASE_MIGRATION_URL: elsewhere.ownerUrl };
      expect(await cli(`export-tenant ${tenant} --out ${file}`, source)).toMatchObject({ code: 0 });
      const target = { ...env(), DATABASE_MIGRATION_URL: database.ownerUrl };
      expect(await cli(`import-tenant ${file}`, target)).toMatchObject({ code: 0 });
      await eventually(async () => expect((await fed.count()).events).toBe(10), 30_000);
      expect(await recount()).toEqual({ code: 0, differences: [] });
      rmSync(folder, { recursive: true });
    }, 120_000);

    it('is told by doctor when it does not answer', async () => {
      await server.kill();
      expect(await lineOfDoctor()).toMatchObject({
        ...{ ok: false, detail: expect.stringContaining('check CLICKHOUSE_URL and that it runs') as string },
      });
    }, 60_000);
  });
});
