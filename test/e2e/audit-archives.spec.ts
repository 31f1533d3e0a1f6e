import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { DAY_MS } from '../../src/platform/time/time.js';
import { TestArchives } from '../support/audit-archive.js';
import { idOf, TestTrail } from '../support/audit-trail.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { runBuilt } from '../support/logins.js';

interface Cleanup {
  deleted: number;
  archived: number;
  archives: { file: string; entries: number; sha256: string; month: string }[];
}

const folder = mkdtempSync(join(tmpdir(), 'archive-'));
const env = { ARCHIVE_DIR: folder, AUDIT_RETENTION_DAYS: '2', RATE_LIMIT_REQUESTS: '100000' };

describeApi('audit archives over HTTP and on the command line', { env, workers: 1 }, (api, { database }) => {
  let trail: TestTrail;
  let archives: TestArchives;
  let tenantId: string;
  let key: string;

  beforeAll(async () => {
    trail = new TestTrail(database.url);
    archives = new TestArchives(trail, database.url, { ARCHIVE_DIR: folder });
    await database.query(`select ensure_partitions(now() - interval '4 months', 6)`);
  });

  beforeEach(async () => {
    tenantId = await api.createTenant(`Archiving ${uuid7()}`);
    key = await api.createKey(tenantId, ['admin', 'read']);
  });

  afterAll(async () => {
    archives.remove();
    rmSync(folder, { recursive: true });
    await trail.stop();
  });

  /** An entry for each user, recorded over the last months. */
  async function live(users: string[], more: (n: number) => object = () => ({})): Promise<void> {
    for (const [n, user_id] of users.entries()) {
      const id = idOf(Date.now() - 80 * DAY_MS + (n * 77 * DAY_MS) / users.length);
      const event = { action_type: 'EVENT', functionality: 'Authenticate', event_type: 'Login', resource_id: 'Login' };
      await trail.write({ id, tenant_id: tenantId, user_id, message: 'came in', ...event, ...more(n) });
    }
    await eventually(async () => {
      const { body } = await api.get<{ tree_size?: number }>('/logs/checkpoint', key);
      expect(body.tree_size).toBeGreaterThanOrEqual(users.length);
    });
  }
  const cleanUp = async () => (await api.call<Cleanup>('DELETE', '/logs/cleanup', { key })).body;
  const cli = async (...words: string[]) => {
    const { out, err } = await runBuilt({ DATABASE_URL: database.url, ...env }, 'cli', ...words, '--json');
    return { stderr: err, data: (out === '' ? {} : JSON.parse(out)) as Record<string, unknown> };
  };
  /** An export of everything, whose leaves are all signed. */
  async function exportAll(): Promise<string> {
    const file = join(archives.folder, `${tenantId}.ndjson`);
    const response = await fetch(`${api.url}/api/v1/logs/export?format=ndjson`, { headers: { 'X-API-Key': key } });
    writeFileSync(file, await response.text());
    return file;
  }
  const names = (files: string[]) => files.map((file) => join(folder, file));
  const users = Array.from({ length: 40 }, (_, n) => `user-${n % 8}`);

  it('say what was removed and where it went, and bring it back, marked as restored', async () => {
    await live(users);
    const cleaned = await cleanUp();
    expect(cleaned).toMatchObject({ deleted: 40, archived: 40 });
    const listed = await api.get<{ data: Cleanup['archives'] }>('/logs/archives', key);
    expect(listed.body.data.map(({ file }) => file).sort()).toEqual(cleaned.archives.map(({ file }) => file).sort());
    const record = await api.get<{ data: { after_state: object }[] }>('/logs?resource_id=cleanup', key);
    expect(record.body.data.map(({ after_state }) => after_state)).toMatchObject(
      cleaned.archives.map(({ file, entries, sha256 }) => ({ archive: file, sha256, deleted: entries })).reverse(),
    );
    expect(await cleanUp()).toEqual({ deleted: 0, archived: 0, archives: [], held: 0, holds: [] });

    const search = '/audit-events/search?user=user-3';
    expect((await api.get(search, key)).body).toMatchObject({ total: 0, data: [] });
    const found = await api.get<{ data: { archived: boolean }[] }>(`${search}&include_archived=true`, key);
    expect(found.body).toMatchObject({
      total: 5,
      archives: expect.arrayContaining(listed.body.data.map(({ file }) => file)),
    });
    expect(found.body.data.every(({ archived }) => archived)).toBe(true);

    const { file, entries } = cleaned.archives[0]!;
    expect((await cli('restore-archive', file)).data).toMatchObject({
      restored: entries,
      already_there: 0,
      tenant_id: tenantId,
    });
    expect((await cli('restore-archive', join(folder, file))).data).toMatchObject({
      restored: 0,
      already_there: entries,
    });
    const back = await api.get<{ total: number; data: { id: string; restored: boolean }[] }>(
      '/audit-events/search',
      key,
    );
    expect(back.body.total).toBe(entries);
    expect(back.body.data.every(({ restored }) => restored)).toBe(true);
    expect((await api.get(`/logs/${back.body.data[0]!.id}`, key)).body).toMatchObject({ restored: true });
    const both = await api.get<{ data: { id: string }[] }>('/audit-events/search?include_archived=true', key);
    expect(both.body).toMatchObject({ total: 40 });
    expect(new Set(both.body.data.map(({ id }) => id)).size).toBe(40);
    const [newest] = (await api.get<{ data: { restored: boolean }[] }>('/logs', key)).body.data;
    expect(newest).toMatchObject({ restored: false });
  });

  it('verify together with a later export, and not with that of another trail', async () => {
    await live(users);
    const files = names((await cleanUp()).archives.map(({ file }) => file));
    const whole = await exportAll();
    const { data } = await cli('verify-audit', ...files, whole);
    expect(data).toMatchObject({ ok: true });
    expect((data['files'] as object[]).at(-1)).toMatchObject({ complete: true, pruned: 40, pruned_in_archives: 40 });
    expect((await cli('verify-audit', files[0]!)).data).toMatchObject({ ok: true, complete: false });
    tenantId = await api.createTenant(`Other ${uuid7()}`);
    key = await api.createKey(tenantId, ['admin', 'read']);
    await live(users);
    const other = await cli('verify-audit', ...files, await exportAll());
    expect(other.data).toMatchObject({ ok: false });
    expect(JSON.stringify(other.data)).toContain('is of tidemark/');
  });

  it('lose an erased person too; copies from before are refused', async () => {
    const person = `person-${uuid7()}`;
    const mention = (n: number) => (n === 5 ? { after_state: { told: [person] } } : {});
    await live(
      users.map((user, n) => (n % 10 === 3 ? person : user)),
      mention,
    );
    const cleaned = await cleanUp();
    const copies = cleaned.archives.map(({ file }, n) => {
      const copy = join(archives.folder, `copy-${n}.ndjson.gz`);
      copyFileSync(join(folder, file), copy);
      return copy;
    });
    const body = { user_id: person, mentions: 'redact' };
    const asked = await api.post<{ id: string }>('/privacy/erasures', { ...body, confirm: true }, key);
    expect(asked.status).toBe(202);
    const receipt = await eventually(async () => {
      const erasure = await api.get<{ state: string; receipt: { counts: object } }>(
        `/privacy/erasures/${asked.body.id}`,
        key,
      );
      expect(erasure.body.state).toBe('completed');
      return erasure.body.receipt;
    }, 30_000);
    expect(receipt.counts).toMatchObject({ entries_of: 4, archived_entries: 5, redacted_in_entries: 1 });
    const kept = (await api.get<{ data: Cleanup['archives'] }>('/logs/archives', key)).body.data;
    expect(kept.reduce((sum, { entries }) => sum + entries, 0)).toBe(40);
    const files = archivesBelow(tenantId);
    expect(files.sort()).toEqual(kept.map(({ file }) => file).sort());
    for (const file of files) expect(archivesIn(file).join('\n')).not.toContain(person);
    const { data } = await cli('verify-audit', ...names(files), await exportAll());
    expect(data).toMatchObject({ ok: true });
    const refused = await Promise.all(copies.map((copy) => cli('restore-archive', copy)));
    const rewritten = refused.filter(({ stderr }) => stderr.includes('a copy from before an erasure'));
    expect(rewritten.length).toBeGreaterThan(0);
    for (const file of files) expect((await cli('restore-archive', file)).stderr).toBe('');
    expect(JSON.stringify(await database.query('select to_jsonb(e) from audit_entries e'))).not.toContain(person);
  }, 90_000);

  const archivesBelow = (tenant: string) =>
    archives.files(folder).filter((name) => name.startsWith(tenant) && name.endsWith('.gz'));
  const archivesIn = (file: string) => archives.lines(file, folder);
});
