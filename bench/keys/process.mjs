// A process for key-timing.mjs: node process.mjs <key>. Answers each question with Welch's t.
import { randomBytes } from 'node:crypto';
import { createApiApplication } from '../../dist/api-application.js';
import { KeyVerifier } from '../../dist/keys/key-verifier.js';
import { loadConfig } from '../../dist/platform/config/config.js';

const TIMINGS = 20_000;

const [, , key] = process.argv;
const app = await createApiApplication(loadConfig());
const verifier = app.get(KeyVerifier, { strict: false });
if ((await verifier.verify(key)) === null) throw new Error('the key is not known'); // now this process knows it
const usedBytes = Buffer.from(key.slice('tmk_'.length, 'tmk_'.length + 16), 'base64url');

async function refuse(prefix) {
  const wrong = `tmk_${prefix}_${randomBytes(33).toString('base64url').slice(0, 43)}`;
  const start = process.hrtime.bigint();
  const record = await verifier.verify(wrong);
  const nanoseconds = Number(process.hrtime.bigint() - start);
  if (record !== null) throw new Error('a made-up key was taken for a genuine one');
  return nanoseconds;
}

async function compare() {
  const samples = [];
  for (let n = 0; n < TIMINGS; n++) {
    const isUsed = Math.random() < 0.5;
    const unused = randomBytes(12); // made in either case: what was done just before a timing shows in it
    samples.push({ isUsed, ns: await refuse((isUsed ? usedBytes : unused).toString('base64url')) });
  }
  const cut = samples.map(({ ns }) => ns).sort((a, b) => a - b)[TIMINGS * 0.9];
  const kept = samples.filter(({ ns }) => ns < cut);
  const [used, unused] = [true, false].map((which) => kept.filter(({ isUsed }) => isUsed === which));
  return welch(
    used.map(({ ns }) => ns),
    unused.map(({ ns }) => ns),
  );
}

function welch(a, b) {
  const [x, y] = [moments(a), moments(b)];
  return (x.mean - y.mean) / Math.sqrt(x.variance / a.length + y.variance / b.length);
}

function moments(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}

process.on('disconnect', () => process.exit());
process.on('message', () => {
  compare().then(
    (t) => process.send({ answer: t }),
    (error) => process.send({ error: error.stack }),
  );
});
await compare(); // until the code is compiled
process.send({ answer: 'ready' });
