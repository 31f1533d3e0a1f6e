import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyInclusion } from '../../src/audit/transparency-log/merkle-proof.js';
import { leafHash } from '../../src/audit/transparency-log/leaf.js';
import { verifierKey } from '../../src/audit/transparency-log/signed-note.js';
import { idOf, TestTrail } from '../support/audit-trail.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

interface Proof {
  leaf: string;
  leaf_index: number;
  tree_size: number;
  leaf_hash: string;
  root_hash: string;
  proof: string[];
}
interface Checkpoint {
  checkpoint: string;
  public_key: string;
  tree_size: number;
}

const DAY_MS = 86_400_000;

const folder = mkdtempSync(join(tmpdir(), 'tidemark-proofs-'));
const env = {
  ...{ RATE_LIMIT_REQUESTS: '1000000', AUDIT_RETENTION_DAYS: '100' },
  AUDIT_SIGNING_KEY_FILE: join(folder, 'key.pem'),
};

/** What somebody does who keeps exports and checkpoints and trusts nobody: HTTP, files, the built command line. */
describeApi('the trail, seen from outside', { env, workers: 1 }, (api, { database }) => {
  let key: string;
  let earlier: Checkpoint;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['admin']);
    await record(50, (n) => ({ message: `Entry ${n}`, user_id: `user-${n % 5}` }));
    earlier = await sealed();
    await keep('checkpoint.json', JSON.stringify(earlier));
  });

  async function record(count: number, more: (n: number) => object): Promise<string[]> {
    const entry = { action_type: 'UPDATE', resource_type: 'order', resource_id: '7' };
    const logs = Array.from({ length: count }, (_, n) => ({ ...entry, ...more(n) }));
    const { body } = await api.post<{ results: { id: string }[] }>('/logs/bulk', { logs }, key);
    return body.results.map(({ id }) => id);
  }

  /** The checkpoint that covers everything there is. */
  const sealed = () =>
    eventually(async () => {
      const { body } = await api.get<Checkpoint>('/logs/checkpoint', key);
      expect(await database.query('select from audit_unsealed')).toEqual([]);
      const [tree] = await database.query<{ max: number }>(
        `select max(tree_size)::int from audit_trees where tenant_id = (select tenant_id from audit_entries where user_id = 'user-1' limit 1)`,
      );
      expect(body.tree_size).toBe(tree!.max);
      return body;
    });

  const keep = async (name: string, text: string | Buffer) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const download = async (name: string, query = '') => {
    const response = await fetch(`${api.url}/api/v1/logs/export?format=ndjson${query}`, {
      headers: { 'X-API-Key': key },
    });
    expect(response.status).toBe(200);
    return keep(name, Buffer.from(await response.arrayBuffer()));
  };
  const verify = (file: string, ...words: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const args = [join('dist', 'cli.js'), 'verify-audit', file, ...words];
      execFile(process.execPath, args, { env: { PATH: process.env['PATH'] } }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  const kept = () => ['--checkpoint', join(folder, 'checkpoint.json'), '--public-key', earlier.public_key];

  it('proves an entry that was just recorded', async () => {
    const [id] = await record(1, () => ({ message: 'just now' }));
    const proof = await eventually(async () => {
      const { status, body } = await api.get<Proof>(`/logs/${id}/proof`, key);
      expect(status).toBe(200);
      return body;
    });
    const bytes = (text: string) => Buffer.from(text, 'base64');
    const hash = leafHash(bytes(proof.leaf));
    expect(hash.toString('base64')).toBe(proof.leaf_hash);
    const path = proof.proof.map(bytes);
    expect(verifyInclusion(hash, proof.leaf_index, proof.tree_size, path, bytes(proof.root_hash))).toBe(true);
  });

  it('verifies a complete export: 0; after a change of one byte: 1, with its line', async () => {
    const file = await download('all.ndjson');
    const good = await verify(file, ...kept());
    expect([good.code, good.err]).toEqual([0, '']);
    expect(good.out).toMatch(/^VERIFIED: \d+ entries[^]*Complete: /);
    const text = await readFile(file, 'utf8');
    const line = text.split('\n').findIndex((one) => one.includes('"Entry 33"')) + 1;
    const bad = await verify(await keep('bad.ndjson', text.replace('"Entry 33"', '"Entry 34"')), ...kept());
    expect(bad.code).toBe(1);
    expect(bad.out).toContain(`line ${line} message is not what was sealed`);
    const lines = text.trimEnd().split('\n');
    const short = await verify(await keep('short.ndjson', [...lines.slice(0, 9), ...lines.slice(10)].join('\n')));
    expect(short.code).toBe(1);
    expect(short.out).toContain('is missing');
  }, 60_000);

  it('verifies texts that look like several lines, and refuses bytes that are no text', async () => {
    await record(1, () => ({ message: 'one\u2028two\u2029three\u0085four\ufffd', metadata: { '\u2028': '\r\n' } }));
    await sealed();
    const file = await download('lines.ndjson');
    expect(await verify(file, ...kept())).toMatchObject({ code: 0, err: '' });
    const bytes = await readFile(file);
    const at = bytes.indexOf(Buffer.from('\ufffd'));
    const broken = Buffer.concat([bytes.subarray(0, at), Buffer.of(0xff), bytes.subarray(at + 3)]);
    const bad = await verify(await keep('broken.ndjson', broken), ...kept());
    expect(bad.code).toBe(1);
    expect(bad.out).toContain('is not a JSON object in UTF-8');
    const windows = await verify(await keep('windows.ndjson', bytes.toString().replaceAll('\n', '\r\n')), ...kept());
    expect(windows.code).toBe(1);
    expect(windows.out).toContain('line 1 is not written as an export writes it');
  }, 60_000);

  it('takes several public keys, of which one must have signed', async () => {
    const file = await download('keys.ndjson');
    const origin = earlier.public_key.split('+')[0]!;
    const stranger = verifierKey(origin, generateKeyPairSync('ed25519').publicKey);
    expect((await verify(file, '--public-key', stranger, ...kept())).code).toBe(0);
    expect((await verify(file, ...kept(), '--public-key', stranger)).code).toBe(0);
    const refused = await verify(file, '--public-key', stranger);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain('it is signed by');
  }, 60_000);

  it('verifies an export made with filters: 0; after a change of one byte: 1, with its line', async () => {
    const file = await download('some.ndjson', '&user_id=user-3');
    const good = await verify(file, '--public-key', earlier.public_key);
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toMatch(/^VERIFIED: 10 entries[^]*Made with filters/);
    const text = await readFile(file, 'utf8');
    const lines = text.split('\n');
    const at = lines.findIndex((one) => one.includes('"user_id":"user-3"'));
    lines[at] = lines[at]!.replace('"action_type":"UPDATE"', '"action_type":"UPDATF"');
    const bad = await verify(await keep('bad.ndjson', lines.join('\n')));
    expect(bad.code).toBe(1);
    expect(bad.out).toContain(`line ${at + 1} action_type is "UPDATF", sealed was "UPDATE"`);
  }, 60_000);

  it('finds a leaf that was exchanged together with its entry', async () => {
    const text = await readFile(await download('all.ndjson'), 'utf8');
    const lines = text.trimEnd().split('\n');
    const forged = lines.map((line, n) => {
      if (n !== 5) return line;
      const entry = JSON.parse(line) as { severity: string; evidence: { leaf: string } };
      const leaf = Buffer.from(entry.evidence.leaf, 'base64').toString().replace('"INFO"', '"ERROR"');
      return JSON.stringify({
        ...entry,
        severity: 'ERROR',
        evidence: { ...entry.evidence, leaf: Buffer.from(leaf).toString('base64') },
      });
    });
    const { code, out } = await verify(await keep('forged.ndjson', forged.join('\n')), ...kept());
    expect(code).toBe(1);
    expect(out).toContain('do not hash to the root of the checkpoint');
  }, 60_000);

  it('refuses what is no export or no checkpoint', async () => {
    const garbage = await keep('garbage.ndjson', 'garbage\n');
    expect((await verify(join(folder, 'missing.ndjson'))).code).toBe(2);
    expect((await verify(garbage, '--public-key', 'garbage')).code).toBe(2);
    expect((await verify(garbage, '--colour', 'red')).code).toBe(2);
    expect((await verify(garbage)).code).toBe(2);
    expect((await verify(garbage, '--checkpoint', garbage)).code).toBe(2);
    expect((await verify(await keep('empty.ndjson', ''))).code).toBe(1);
  }, 60_000);

  describe('DELETE /logs/cleanup', () => {
    const cleanUp = (query = '', as = key) =>
      api.call<{ deleted: number; detail: string }>('DELETE', `/logs/cleanup${query}`, { key: as });
    const daysAgo = (days: number) => Date.now() - days * DAY_MS;

    /** Entries that were there before. */
    async function recordedAt(times: number[]): Promise<string[]> {
      const trail = new TestTrail(database.url);
      await database.query(`select ensure_partitions(now() - interval '7 months', 7)`);
      const tenant_id = (await api.get<{ tenant: { id: string } }>('/auth/info', key)).body.tenant.id;
      const ids = times.map(idOf);
      for (const id of ids) await trail.write({ tenant_id, id, occurred_at: new Date().toISOString() });
      await trail.stop();
      return ids;
    }

    it('removes what is past its retention, says so in the trail, and leaves every other proof valid', async () => {
      const old = await recordedAt([101, 102, 103, 104, 105, 106, 107].map(daysAgo));
      // what counts is when it was recorded, not when it is said to have happened
      const young = [
        ...(await recordedAt([daysAgo(99)])),
        ...(await record(2, () => ({ occurred_at: new Date(daysAgo(400)).toISOString() }))),
      ];
      await keep('checkpoint.json', JSON.stringify((earlier = await sealed())));
      const { status, body } = await cleanUp('?older_than_days=105');
      expect([status, body]).toMatchObject([200, { deleted: 3, archived: 3 }]);
      expect((await cleanUp()).body).toMatchObject({ deleted: 4, archived: 4 });
      for (const id of old) expect((await api.get(`/logs/${id}`, key)).status).toBe(404);
      for (const id of young) expect((await api.get(`/logs/${id}`, key)).status).toBe(200);
      const { body: acts } = await api.get<{ data: object[] }>('/logs?resource_type=audit_log', key);
      expect(acts.data).toMatchObject(
        [
          { older_than_days: 100, deleted: 4 },
          { older_than_days: 105, deleted: 3 },
        ].map((after_state) => ({ action_type: 'DELETE', client_id: 'shop', after_state })),
      );
      await sealed();
      const verdict = await verify(await download('pruned.ndjson'), ...kept());
      expect([verdict.code, verdict.err]).toEqual([0, '']);
      expect(verdict.out).toMatch(/7 pruned\.[^]*Complete: /);
      const proof = await api.get<Proof>(`/logs/${young[0]}/proof`, key);
      const [leaf, root] = [proof.body.leaf_hash, proof.body.root_hash].map((text) => Buffer.from(text, 'base64'));
      const path = proof.body.proof.map((text) => Buffer.from(text, 'base64'));
      expect(verifyInclusion(leaf!, proof.body.leaf_index, proof.body.tree_size, path, root!)).toBe(true);
    }, 60_000);

    it('is refused for entries that must be kept, to anybody but admins, and does nothing without its entry', async () => {
      const refused = await cleanUp('?older_than_days=99');
      expect(refused.status).toBe(422);
      expect(refused.body).toMatchObject({
        detail: 'Audit entries are kept for 100 days, so older_than_days must be at least 100.',
        errors: [{ path: 'older_than_days' }],
      });
      for (const wrong of ['0', '-1', 'x', '1.5', '36501']) {
        expect((await cleanUp(`?older_than_days=${wrong}`)).status).toBe(400);
      }
      expect((await cleanUp('?days=200')).status).toBe(400);
      const writer = await api.createKey(await api.createTenant('Third'), ['read', 'write']);
      expect((await cleanUp('', writer)).status).toBe(403);
      const [id] = await recordedAt([daysAgo(200)]);
      await sealed();
      await database.query('alter table audit_entries add constraint refuse_all check (false) not valid');
      expect((await cleanUp()).status).toBe(500);
      await database.query('alter table audit_entries drop constraint refuse_all');
      expect((await api.get(`/logs/${id}`, key)).status).toBe(200);
    });
  });
});
