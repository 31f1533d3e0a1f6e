import { randomBytes } from 'node:crypto';
import { type INestApplicationContext } from '@nestjs/common';
import { KeyVerifier } from '../../src/keys/key-verifier.js';
import { TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const TIMINGS = 20_000;
/** |t| beyond which two means differ at p < 0.001, for this many samples. */
const SIGNIFICANT = 3.29;

/**
 * Whether a prefix is in use must not show in how long a refusal takes: Welch's t-test over refusals of keys with a
 * used and with an unused prefix, in random order. As in dudect (Reparaz et al., DATE 2017) the slowest tenth, where the
 * noise of the machine is, is left out. Chance alone exceeds the bound once in 1,000 runs, and never three times in a
 * row; a real difference does every time.
 */
describe('the time it takes to refuse a key', () => {
  let database: TestDatabase;
  let api: TestApi;
  let verifier: KeyVerifier;
  let usedBytes: Buffer;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await TestApi.start(database.url);
    verifier = (api.app as INestApplicationContext).get(KeyVerifier, { strict: false });
    const key = await api.createKey(await api.createTenant('Acme'), ['read']);
    usedBytes = Buffer.from(key.slice('tmk_'.length, 'tmk_'.length + 16), 'base64url');
    expect((await api.get('/auth/info', key)).status).toBe(200); // so the process knows it
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  const refuse = async (prefix: string) => {
    const key = `tmk_${prefix}_${randomBytes(33).toString('base64url').slice(0, 43)}`;
    const start = process.hrtime.bigint();
    const record = await verifier.verify(key);
    const nanoseconds = Number(process.hrtime.bigint() - start);
    expect(record).toBeNull();
    return nanoseconds;
  };

  async function compare(): Promise<number> {
    const samples: { isUsed: boolean; ns: number }[] = [];
    for (let n = 0; n < TIMINGS; n++) {
      const isUsed = Math.random() < 0.5;
      const unused = randomBytes(12); // made in either case: what was done just before a timing shows in it
      samples.push({ isUsed, ns: await refuse((isUsed ? usedBytes : unused).toString('base64url')) });
    }
    const cut = samples.map(({ ns }) => ns).sort((a, b) => a - b)[TIMINGS * 0.9]!;
    const kept = samples.filter(({ ns }) => ns < cut);
    return welch(
      kept.filter(({ isUsed }) => isUsed).map(({ ns }) => ns),
      kept.filter(({ isUsed }) => !isUsed).map(({ ns }) => ns),
    );
  }

  it('does not tell whether the prefix is in use', async () => {
    await compare(); // until the code is compiled
    const values: number[] = [];
    while (values.length < 3 && (values.length === 0 || Math.abs(values.at(-1)!) > SIGNIFICANT)) {
      values.push(await compare());
    }
    process.stdout.write(`t = ${values.map((t) => t.toFixed(2)).join(', ')}\n`);
    expect(values.map(Math.abs).every((t) => t > SIGNIFICANT)).toBe(false);
  });
});

function welch(a: number[], b: number[]): number {
  const [x, y] = [moments(a), moments(b)];
  return (x.mean - y.mean) / Math.sqrt(x.variance / a.length + y.variance / b.length);
}

function moments(values: number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}
