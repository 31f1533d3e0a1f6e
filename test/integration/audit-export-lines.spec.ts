import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CLOCK_TOLERANCE_MS } from '../../src/audit/transparency-log/recording-clock.js';
import { openCheckpoint, verifierKey } from '../../src/audit/transparency-log/signed-note.js';
import { leafHash, PERSONAL_FIELDS } from '../../src/audit/transparency-log/leaf.js';
import { verifyInclusion } from '../../src/audit/transparency-log/merkle-proof.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { exportFiltered, idOf, TestTrail, verifyLines } from '../support/audit-trail.js';
import { describeDatabase } from '../support/fixture.js';

interface Line {
  id: string;
  erased_at: string | null;
  evidence: { proof?: string[]; consistency?: string[]; checkpoint?: string; leaf: string };
}

const fromBase64 = (text: string) => Buffer.from(text, 'base64');
const secret = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' }).toString('base64');

describeDatabase('an export of the trail', {}, (database) => {
  let trail: TestTrail;
  let tenant: string;

  beforeAll(async () => {
    trail = new TestTrail(database.url);
  });

  beforeEach(() => {
    tenant = uuid7();
  });

  afterAll(() => trail.stop());

  const write = (given: Parameters<TestTrail['write']>[0] = {}) => trail.write({ tenant_id: tenant, ...given });
  const eraseMessages = (user: string) =>
    trail.database.inSystem((sql) =>
      trail.acts.erase(sql, tenant, { condition: 'user_id = $2', values: [user], fields: ['message'] }),
    );

  /** 12 entries, of which three are erased, one of them twice. */
  async function fill() {
    const entries: { id: string }[] = [];
    for (let n = 0; n < 12; n++) entries.push(await write({ user_id: n % 4 === 0 ? 'gone' : 'ada' }));
    await eraseMessages('gone');
    await trail.database.inSystem((sql) =>
      trail.acts.erase(sql, tenant, { condition: 'id = $2', values: [entries[4]!.id], fields: PERSONAL_FIELDS }),
    );
    await trail.sealAll();
    return entries;
  }

  describe('is read line by line, as it is written', () => {
    const edit = (line: string, change: (parsed: Line) => void) => {
      const parsed = JSON.parse(line) as Line;
      change(parsed);
      return JSON.stringify(parsed);
    };

    it.each<[string, (line: string) => string, string]>([
      ['a member twice', (line) => line.replace('{"id":', '{"status":"Failed","id":'), 'is not written as'],
      ['further digits of a number', (line) => line.replace('2.5', '2.50000000000000000001'), 'is not what was sealed'],
      ['digits that say nothing', (line) => line.replace('2.5', '2.50000000000000000000'), 'is not written as'],
      ['another spelling of a number', (line) => line.replace('"total":1}', '"total":1.0}'), 'is not written as'],
      ['white space', (line) => line.replace('","', '", "'), 'is not written as'],
      ['white space after it', (line) => `${line}\r`, 'is not written as'],
      ['an escape that is not needed', (line) => line.replace('"shop"', '"sho\\u0070"'), 'is not written as'],
      [
        'a number for a text',
        (line) => line.replace('"resource_id":"42"', '"resource_id":42'),
        'is not what was sealed',
      ],
      ['more evidence', (line) => line.replace('"leaf_index"', '"note":"ok","leaf_index"'), 'has note in its evidence'],
      [
        'a statement of its own',
        (line) => line.replace('"leaf_index"', '"complete":true,"leaf_index"'),
        'has complete in',
      ],
      ['more members', (line) => line.replace('{"id"', '{"note":1,"id"'), 'note is covered by no leaf'],
      [
        'a time of erasure where nothing was',
        (line) => edit(line, (parsed) => (parsed.erased_at = '2026-01-01T00:00:00.000000Z')),
        'erased_at is',
      ],
      [
        'another time than that in its id',
        (line) => edit(line, (parsed) => (parsed.id = uuid7())),
        'created_at is not the time',
      ],
    ])('and refused with %s', async (_, change, problem) => {
      await fill();
      const whole = await trail.export(tenant);
      const filtered = await exportFiltered(
        trail,
        tenant,
        whole.map((line) => JSON.parse(line) as Line).filter(({ id }) => id !== undefined),
      );
      for (const lines of [whole, filtered]) {
        expect(verifyLines(lines).problems).toEqual([]);
        const at = lines.findIndex((line, n) => n > 0 && line.includes('"erased_at":null'));
        const changed = lines.map((line, n) => (n === at ? change(line) : line));
        expect(changed).not.toEqual(lines);
        expect(verifyLines(changed).problems).toContainEqual(expect.stringContaining(problem));
      }
    });

    it('and an erasure keeps its time, its fields and its act', async () => {
      await fill();
      const whole = await trail.export(tenant);
      const ids = whole.map((line) => JSON.parse(line) as Line).filter(({ id }) => id !== undefined);
      for (const lines of [whole, await exportFiltered(trail, tenant, ids)]) {
        const erased = lines.flatMap((line, n) => (/"erased_at":"/.test(line) ? [n] : []));
        const times = [...new Set(erased.map((n) => (JSON.parse(lines[n]!) as Line).erased_at))];
        expect([erased.length, times.length]).toEqual([3, 2]);
        for (const n of erased) {
          const own = (JSON.parse(lines[n]!) as Line).erased_at;
          for (const time of [null, times.find((other) => other !== own)!, own!.replace(/.Z$/, '9Z')]) {
            if (time === own) continue;
            const changed = lines.with(
              n,
              edit(lines[n]!, (parsed) => (parsed.erased_at = time)),
            );
            expect(verifyLines(changed).problems).toEqual([expect.stringContaining('erased_at is')]);
          }
        }
      }
    });

    it('and a whole one is in the order of its leaves', async () => {
      await fill();
      const lines = await trail.export(tenant);
      const changed = [...lines.slice(0, 4), lines[5]!, lines[4]!, ...lines.slice(6)];
      expect(verifyLines(changed).problems).toEqual([expect.stringContaining('belongs before the line above it')]);
    });

    it('and a line of an act holds nothing else', async () => {
      await fill();
      const lines = await trail.export(tenant);
      const at = lines.findIndex((line) => line.startsWith('{"act":'));
      for (const [from, to, problem] of [
        ['{"act":', '{"reason":"none","act":', 'has reason, which nothing proves'],
        ['"act":"erasure"', '"act":"prune"', 'the leaf is not one of "prune"'],
        ['"leaf_index"', '"salts":{},"leaf_index"', 'has salts in its evidence'],
      ] as const) {
        const changed = lines.with(at, lines[at]!.replace(from, to));
        expect(verifyLines(changed).problems).toContainEqual(expect.stringContaining(problem));
      }
    });
  });

  it('made with filters brings along the erasures its entries speak of, each with its proof', async () => {
    const entries = await fill();
    const lines = await exportFiltered(trail, tenant, entries.slice(0, 6), entries.slice(6));
    const acts = lines.filter((line) => line.startsWith('{"act":"erasure"'));
    expect(acts).toHaveLength(2);
    expect(verifyLines(lines)).toMatchObject({ ok: true, entries: 12, erased: 3, complete: false });
    expect(verifyLines(lines.filter((line) => line !== acts[0])).problems.length).toBeGreaterThan(0);
    const { leaf } = (JSON.parse(acts[1]!) as Line).evidence;
    const forged = Buffer.from(fromBase64(leaf).toString().replace('"count":1', '"count":1 ')).toString('base64');
    expect(verifyLines(lines.map((line) => line.replace(leaf, forged))).ok).toBe(false);
  });

  it('made with filters goes on to a newer tree where an erasure comes in between, and proves that it does', async () => {
    const entries = await fill();
    const attach = await trail.evidence.openFiltered(tenant, { user_id: 'ada' });
    const first = await attach(entries.slice(0, 2));
    await eraseMessages('ada');
    await trail.sealAll();
    const second = await attach(entries.slice(2, 4));
    const lines = [...first, ...second].map((line) => JSON.stringify(line));
    expect(verifyLines(lines)).toMatchObject({ ok: true, problems: [], entries: 4, erased: 3 });
    const at = lines.findIndex((line) => line.includes('"consistency"'));
    const parsed = JSON.parse(lines[at]!) as Line;
    parsed.evidence.consistency = parsed.evidence.consistency!.slice(1);
    const { problems } = verifyLines(lines.with(at, JSON.stringify(parsed)));
    expect(problems).toEqual([expect.stringContaining('nothing proves that it goes on')]);
  });

  it('has acts that can be proven one by one, as entries can', async () => {
    await fill();
    for (const line of (await trail.export(tenant)).filter((text) => text.startsWith('{"act":'))) {
      const leaf = fromBase64((JSON.parse(line) as Line).evidence.leaf);
      const { id } = JSON.parse(leaf.toString()) as Line;
      const answer = await trail.proofs.getInclusion(tenant, id);
      expect(fromBase64(answer.leaf!)).toEqual(leaf);
      const proof = answer.proof.map(fromBase64);
      const root = fromBase64(answer.root_hash);
      expect(verifyInclusion(leafHash(leaf), answer.leaf_index, answer.tree_size, proof, root)).toBe(true);
      await expect(trail.proofs.getInclusion(uuid7(), id)).rejects.toThrow('There is no audit entry and no act');
    }
  });

  describe('and the time of recording', () => {
    const minutesAgo = (minutes: number) => idOf(Date.now() - minutes * 60_000);
    const noted = async () => {
      await trail.sealAll();
      const { problems, clock_notes, complete } = verifyLines(await trail.export(tenant));
      expect([problems, complete]).toEqual([[], true]);
      return clock_notes;
    };

    it('may run backwards a little, as clocks differ and transactions take time', async () => {
      await write();
      await trail.sealAll();
      await write({ id: idOf(Date.now() - CLOCK_TOLERANCE_MS + 60_000) });
      expect(await noted()).toEqual([]);
    });

    it('is noted in a leaf where it runs back further, and the verdict tells', async () => {
      await write({ id: minutesAgo(60) });
      await trail.sealAll();
      await write();
      await trail.sealAll();
      await write({ id: minutesAgo(50) });
      await write({ id: minutesAgo(49) });
      expect(await noted()).toEqual([2]);
      await write();
      expect(await noted()).toEqual([2]);
      await trail.sealing.sealOnce();
      await write({ id: minutesAgo(30) });
      expect(await noted()).toEqual([2, 6]);
      const lines = await trail.export(tenant);
      const clock = lines.findIndex((line) => line.startsWith('{"act":"clock"'));
      expect(clock).toBe(4);
      expect(verifyLines(lines.toSpliced(clock, 1)).ok).toBe(false);
    });

    it('is not held against entries in front of which others were removed', async () => {
      await database.query(`select ensure_partitions(now() - interval '1 month', 2)`);
      const days = (n: number) => minutesAgo(n * 24 * 60);
      await write({ id: days(3) });
      await trail.sealAll();
      await write({ id: days(10) }); // noted, then removed
      await trail.sealAll();
      await write({ id: days(4) });
      await trail.sealAll();
      await trail.acts.prune(tenant, { olderThan: new Date(Date.now() - 5 * 86_400_000) });
      expect(await noted()).toEqual([1]);
    });
  });

  describe('outlives a change of the signing key', () => {
    const [old, current] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const as = (env: Record<string, string>) => new TestTrail(database.url, env);
    const before = { AUDIT_SIGNING_KEY: secret(old.privateKey) };
    const meanwhile = {
      AUDIT_SIGNING_KEY: secret(current.privateKey),
      AUDIT_PREVIOUS_SIGNING_KEY: secret(old.privateKey),
    };
    const after = { AUDIT_SIGNING_KEY: secret(current.privateKey) };

    async function grow(env: Record<string, string>) {
      const other = as(env);
      await write();
      await other.sealAll();
      const { checkpoint } = await other.proofs.getCheckpoint(tenant);
      const lines = await other.export(tenant);
      await other.stop();
      return { checkpoint, lines };
    }

    it('because both keys sign for a while, and a kept checkpoint is checked with any trusted key', async () => {
      const [oldKey, newKey] = [old, current].map((pair) => verifierKey(`tidemark/${tenant}`, pair.publicKey)) as [
        string,
        string,
      ];
      const first = await grow(before);
      const second = await grow(meanwhile);
      for (const key of [oldKey, newKey]) expect(openCheckpoint(second.checkpoint, key).size).toBe(2);
      for (const publicKeys of [[oldKey], [newKey, oldKey]]) {
        expect(verifyLines(second.lines, { publicKeys, earlier: first.checkpoint })).toMatchObject({
          ok: true,
          problems: [],
        });
      }
      const third = await grow(after);
      expect(verifyLines(third.lines, { publicKeys: [newKey, oldKey], earlier: first.checkpoint }).problems).toEqual(
        [],
      );
      expect(verifyLines(third.lines, { publicKeys: [newKey], earlier: second.checkpoint }).problems).toEqual([]);
      expect(verifyLines(third.lines, { publicKeys: [newKey], earlier: first.checkpoint }).problems).toEqual([
        expect.stringMatching(/^the earlier checkpoint: no signature of .* it is signed by /),
      ]);
      expect(verifyLines(third.lines, { publicKeys: [oldKey] }).ok).toBe(false);
    });

    it('and a previous key that is not there stops the signing, with a sentence', async () => {
      const other = as({ ...after, AUDIT_PREVIOUS_SIGNING_KEY_FILE: '/nowhere/key.pem' });
      await expect(other.sealAll()).rejects.toThrow('/nowhere/key.pem');
      await other.stop();
      const wrong = { ...after, AUDIT_PREVIOUS_SIGNING_KEY: 'AAAA' };
      expect(() => as(wrong)).toThrow('AUDIT_PREVIOUS_SIGNING_KEY must be an Ed25519 private key');
    });
  });
});
