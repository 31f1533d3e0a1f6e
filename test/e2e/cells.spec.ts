import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MOVED_TABLES, STAYING_TABLES } from '../../src/cells/moved-tables.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { verifyInclusion } from '../../src/audit/transparency-log/merkle-proof.js';
import { TestApi } from '../support/api.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeApi, describeDatabase } from '../support/fixture.js';
import { type Outcome, runBuilt, withLogin } from '../support/logins.js';
import { TestWorker } from '../support/worker.js';

interface Proof {
  leaf_index: number;
  tree_size: number;
  leaf_hash: string;
  root_hash: string;
  proof: string[];
  checkpoint: string;
}

const NASTY = 'tab\t newline\n backslash \\ \\. \\N "quotes" NUL-free \u0001 ünïcödé 😀';
const folder = mkdtempSync(join(tmpdir(), 'cells-'));
const day = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString();
const RANGE = `from=${day(100)}&to=${day(-1)}`;

/** Rows that no request makes in a moment. */
const RARE_ROWS = `
with a as (select $1::uuid as t, (select id from events where tenant_id = $1 order by id limit 1) as e), rows as (
  insert into event_patches (tenant_id, event_id, id, client_id, payload) select t, e, uuidv7(), $2::text, jsonb_build_object($2::text, $2::text) from a
), marks as (
  insert into retention_marks (tenant_id, event_type, removed_before) select t, $2::text, now() from a
), days as (
  insert into removed_event_days (tenant_id, day) select t, date '2024-01-01' from a
), archives as (
  insert into audit_archives (tenant_id, id, month, state, file, first_id, last_id, leaves, entries, occurred_from,
                              occurred_to, tree_size, root_hash, sha256, bytes)
  select t, uuidv7(), date '2024-01-01', 'stored', 'a/' || t, uuidv7(), uuidv7(), '{[0,1)}', 1, now(), now(), 1, '\\x01', '\\x02', 3
  from a
), wrong as (
  insert into audit_inconsistencies (tenant_id, detail) select t, $2::text from a
), failed as (
  insert into failed_events (tenant_id, event_id, reason, state) select t, e, $2::text, 'discarded' from a on conflict do nothing
), values_left as (
  insert into privacy_erasure_values (tenant_id, erasure_id, kind, value) select t, uuidv7(), 'session', $2::text from a)
select`;

describeDatabase('another installation', {}, (there) => {
  describeApi('a tenant that moves there', {}, (api, { database }) => {
    let tenant: string;
    let key: string;
    let entry: string;
    let before: { counts: unknown; proof: Proof; exported: string; checkpoint: string; signer: string };
    const file = join(folder, 'tenant.gz');
    const mover = `mover_${process.pid}`;
    const json = <T>({ code, out, err }: Outcome): T => {
      expect([code, err]).toEqual([0, '']);
      return JSON.parse(out) as T;
    };
    const here = (...words: string[]) => runBuilt({ DATABASE_URL: database.url }, 'cli', ...words);
    const away = (...words: string[]) =>
      runBuilt(
        { DATABASE_URL: there.url, DATABASE_MIGRATION_URL: withLogin(there.ownerUrl, mover, 'pw') },
        'cli',
        ...words,
      );
    const counts = async (at: TestApi) =>
      (await at.get<{ total: number }>(`/analytics/events-by-type?${RANGE}`, key)).body;
    const exportOf = async (at: TestApi, name: string) => {
      const answer = await fetch(`${at.url}/api/v1/logs/export?format=ndjson`, { headers: { 'X-API-Key': key } });
      expect(answer.status).toBe(200);
      const path = join(folder, name);
      writeFileSync(path, await answer.text());
      return path;
    };
    /** Of every table that moves, in both databases. */
    const rowsOf = async (of: TestDatabase, table: string) => {
      const own = table === 'event_keys' ? 'id in (select id from events where tenant_id = $1)' : `tenant_id = $1`;
      const where = table === 'tenants' ? 'id = $1' : own;
      const rows = await of.query<{ row: string }>(
        `select (to_jsonb(t) - 'status')::text as row from ${table} t where ${where} order by 1`,
        [tenant],
      );
      return rows.map(({ row }) => row);
    };

    beforeAll(async () => {
      // Both databases are clones: the other installation has secrets of its own.
      await there.query(`update installation_secrets set value = sha256(convert_to(gen_random_uuid()::text, 'UTF8'))`);
      // The owner of a managed service is no superuser, and row-level security binds it.
      await there.query(
        `create role ${mover} login nosuperuser password 'pw' in role ${new URL(there.ownerUrl).username}`,
      );
    });

    afterAll(async () => {
      await database.query(`drop role ${mover}`);
    });

    async function fill(): Promise<void> {
      tenant = await api.createTenant('Movers & Söhne');
      key = await api.createKey(tenant, ['read', 'write', 'admin']);
      const send = async (path: string, body: unknown, method = 'POST') => {
        const answer = await api.call(method, path, { key, body });
        if (answer.status >= 300) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
        return answer.body as { id: string };
      };
      await send(
        '/event-types/strict/schema',
        { mode: 'quarantine', schema: { type: 'object', required: ['x'] } },
        'PUT',
      );
      for (let n = 0; n < 3; n++) {
        const events = Array.from({ length: 300 }, (_, m) => ({
          ...{
            event_type: m % 100 === 0 ? 'strict' : `type ${m % 5}`,
            event_id: `${n}-${m}`,
            event_time: day((n * m) % 80),
          },
          ...{
            user_id: m % 7 === 0 ? NASTY : `u-${m % 20}`,
            session_id: `s-${m % 9}`,
            properties: { [NASTY]: [m, NASTY, 1e-7, null] },
          },
        }));
        await send('/events/batch', { events });
      }
      const logs = Array.from({ length: 40 }, (_, n) => ({
        ...{ action_type: 'UPDATE', resource_type: 'order', resource_id: String(n), message: NASTY },
        ...{ user_id: `u-${n}`, idempotency_key: `log-${n}`, metadata: { n, text: NASTY } },
      }));
      await send('/logs/bulk', { logs });
      entry = (await send('/logs', { action_type: 'CREATE', resource_type: 'order', resource_id: 'x' })).id;
      await send('/analytics/funnels', { name: 'buy', steps: [{ event_type: 'type 1' }, { event_type: 'type 2' }] });
      const filters = { property: 'user_id', op: 'is', value: 'u-1' };
      await send('/segments', { name: 'one', filters });
      await send('/audit-events/functionalities', { functionality: 'Moving', event_types: ['Packed', 'Left'] });
      await send('/retention/policies', { event_type: 'type 1', days: 400 }, 'PUT');
      await send('/retention/holds', { user_id: 'u-3', reason: 'asked' }, 'PUT');
      const erasure = await send('/privacy/erasures', { user_id: 'u-5', confirm: true });
      const job = await send('/generate-sample-data/50', {});
      await eventually(async () => {
        const state = async (path: string) => (await api.get<{ state: string }>(path, key)).body.state;
        expect(await state(`/privacy/erasures/${erasure.id}`)).toBe('completed');
        expect(await state(`/jobs/${(job as unknown as { job_id: string }).job_id}`)).toBe('completed');
      }, 30_000);
    }

    it('is asked for every table that there is', async () => {
      const tables = await database.query<{ name: string; has_tenant: boolean }>(
        `select c.relname as name, exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as has_tenant
       from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
      );
      const known = [...MOVED_TABLES, ...Object.keys(STAYING_TABLES)];
      expect([...known].sort()).toEqual(tables.map(({ name }) => name).sort());
      const forgotten = tables.filter(
        ({ name, has_tenant }) => has_tenant && !MOVED_TABLES.includes(name) && !name.startsWith('clickhouse_'),
      );
      expect(forgotten).toEqual([]);
    });

    it('is written to a file, and takes nothing in from then on', async () => {
      const worker = await TestWorker.start(database.url);
      await fill();
      await eventually(async () => expect(await counts(api)).toMatchObject({ total: 941 }));
      const proof = await eventually(async () => {
        const { status, body } = await api.get<Proof>(`/logs/${entry}/proof`, key);
        expect(status).toBe(200);
        return body;
      });
      const checkpoint = join(folder, 'checkpoint');
      const signed = (await api.get<{ public_key: string }>('/logs/checkpoint', key)).body;
      writeFileSync(checkpoint, JSON.stringify(signed));
      before = {
        counts: await counts(api),
        proof,
        exported: await exportOf(api, 'before.ndjson'),
        checkpoint,
        signer: signed.public_key,
      };
      await worker.stop(); // it would put right what comes now
      await database.query(RARE_ROWS, [tenant, NASTY]);

      expect(await here('export-tenant', 'default', '--out', file)).toMatchObject({
        ...{ code: 1, err: expect.stringContaining('The tenant "default" cannot move') },
      });
      const done = json<{ tenant_id: string; file: string; rows: number }>(
        await here('export-tenant', tenant, '--out', file, '--json'),
      );
      expect(done).toMatchObject({ tenant_id: tenant, file });
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect((await api.get('/auth/info', key)).status).toBe(403);
      const again = await here('export-tenant', tenant, '--out', file);
      expect([again.code, again.err]).toEqual([2, expect.stringContaining('is there already')]);
      const empty = (
        await Promise.all(MOVED_TABLES.map(async (table) => [table, (await rowsOf(database, table)).length]))
      )
        .filter(([, rows]) => rows === 0)
        .map(([table]) => table);
      expect(empty).toEqual(['audit_unsealed']); // it must have been, before the tenant could go
    }, 120_000);

    it.each<[what: string, change: (content: string) => string | Buffer, said: string]>([
      ['ends too early', (content) => gzipSync(content).subarray(0, -2_000), 'ends too early'],
      ['lacks its last line', (content) => content.slice(0, content.lastIndexOf('{')), 'ends too early'],
      ['has another row', (content) => content.replace('u-11', 'u-12'), 'others than were exported'],
      ['has a row less', (content) => content.replace(/\n[^\n]*\tu-11\t[^\n]*/, ''), 'others than were exported'],
      [
        'lacks a table',
        (content) => content.replace(/\{"table":"saved_funnels"[^]*?"sha256":"\w+"\}\n/, ''),
        'nothing of saved_funnels',
      ],
      [
        'comes from another schema',
        (content) => content.replace('create-retention', 'create-something'),
        'another schema',
      ],
      ['is something else', () => Buffer.from('hello'), 'was not written by export-tenant'],
    ])('does not come in from a file that %s', async (_what, change, said) => {
      const changed = change(gunzipSync(readFileSync(file)).toString('latin1'));
      const copy = join(folder, 'changed.gz');
      writeFileSync(copy, typeof changed === 'string' ? gzipSync(Buffer.from(changed, 'latin1')) : changed);
      const outcome = await away('import-tenant', copy);
      expect([outcome.code, outcome.err]).toEqual([1, expect.stringContaining(said)]);
      for (const table of MOVED_TABLES) expect(await rowsOf(there, table)).toEqual([]);
    });

    it('does not come in where it is, or where another has its name', async () => {
      expect((await runBuilt({ DATABASE_URL: database.ownerUrl }, 'cli', 'import-tenant', file)).err).toContain(
        'is here already',
      );
      await there.query(`insert into tenants (id, name) values (uuidv7(), 'MOVERS & SÖHNE')`);
      expect((await away('import-tenant', file)).err).toContain('another tenant here has the name');
      await there.query(`delete from tenants where name = 'MOVERS & SÖHNE'`);
    });

    it('is the same elsewhere, row by row, and goes on there', async () => {
      const done = json<{ tenant_id: string; status: string; rows: number }>(
        await away('import-tenant', file, '--json'),
      );
      expect(done).toMatchObject({ tenant_id: tenant, status: 'active' });
      for (const table of MOVED_TABLES) {
        expect([table, await rowsOf(there, table)]).toEqual([table, await rowsOf(database, table)]);
      }
      expect((await away('import-tenant', file)).err).toContain('is here already');

      const other = await TestApi.start(there.url);
      const otherWorker = await TestWorker.start(there.url);
      try {
        expect((await other.get('/auth/info', key)).status).toBe(200);
        expect(await counts(other)).toEqual(before.counts);
        const recount = json<{ differences: unknown[] }>(
          await away('recount', '--from', day(100), '--tenant', tenant, '--json'),
        );
        expect(recount.differences).toEqual([]);

        // The ledger came along: a repeat is known.
        const repeat = { event_type: 'type 1', event_id: '0-1' };
        expect((await other.post('/events', repeat, key)).status).not.toBe(202);
        expect((await other.post('/events', { event_type: 'type 1', event_id: 'new' }, key)).status).toBe(202);
        const { total } = before.counts as { total: number };
        await eventually(async () => expect(await counts(other)).toMatchObject({ total: total + 1 }));

        // The tree goes on where it was, and what was proven stays proven.
        await other.post('/logs', { action_type: 'UPDATE', resource_type: 'order', resource_id: 'y' }, key);
        const proof = await eventually(async () => {
          const { body } = await other.get<Proof>(`/logs/${entry}/proof`, key);
          expect(body.tree_size).toBeGreaterThan(before.proof.tree_size);
          return body;
        });
        expect([proof.leaf_index, proof.leaf_hash]).toEqual([before.proof.leaf_index, before.proof.leaf_hash]);
        const bytes = (text: string) => Buffer.from(text, 'base64');
        const path = proof.proof.map(bytes);
        expect(
          verifyInclusion(bytes(proof.leaf_hash), proof.leaf_index, proof.tree_size, path, bytes(proof.root_hash)),
        ).toBe(true);
        const after = await exportOf(other, 'after.ndjson');
        const signer = (await other.get<{ public_key: string }>('/logs/checkpoint', key)).body.public_key;
        const signers = ['--public-key', before.signer, '--public-key', signer];
        for (const words of [
          [after, '--checkpoint', before.checkpoint, ...signers],
          [before.exported, after],
        ]) {
          expect(await away('verify-audit', ...words)).toMatchObject({ code: 0, err: '' });
        }
        expect((await other.get('/analytics/funnels', key)).body).toMatchObject({ data: [{ name: 'buy' }] });
        const trail = await other.call<{ data: { message: string }[] }>('GET', '/logs?resource_type=tenant', {
          headers: { 'X-Tenant-Id': DEFAULT_TENANT_ID },
        });
        expect(trail.body.data.map(({ message }) => message)).toContain('Tenant imported');
      } finally {
        await Promise.all([other.stop(), otherWorker.stop()]);
      }
    }, 120_000);
  });
});
