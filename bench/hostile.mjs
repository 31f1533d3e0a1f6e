import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { emptyTables } from './tables.mjs';

const PATH = '/api/v1/events/ingest';
const GOOD_PER_SECOND = 100;
const HOSTILE_PER_SECOND = 2;
const WARM_UP_SECONDS = 5;
const SECONDS = 20;
/** Whatever is right for the address and its body; what counts is how the others fare. */
const REFUSALS = ['200', '301', '400', '401', '404', '405', '413', '415', '429'];

/**
 * What bodies made to be slow do to everybody else when they come without a valid key: events at a steady rate, without
 * and with them in turn.
 *
 * @typedef {{p50_ms: number, p99_ms: number, answers: Record<string, number>}} HostileRound
 * @typedef {{quiet: HostileRound[], hostile: HostileRound[]}} HostileResult
 *
 * @param {import('./stack.mjs').Stack} stack
 * @param {import('./options.mjs').Options & {key: string, tell: (line: string) => void}} options
 * @returns {Promise<HostileResult>}
 */
export async function measureHostile(stack, { key, floodRounds, tell }) {
  const worker = await stack.startWorker();
  const badRequests = hostileRequests().map((request) => request.toString('base64'));
  const load = (badPerSecond, seconds) =>
    stack.loadPaced(key, { perSecond: GOOD_PER_SECOND, seconds, badPerSecond, badRequests, refusals: REFUSALS });
  await emptyTables(stack);
  await load(HOSTILE_PER_SECOND, WARM_UP_SECONDS);
  const results = { quiet: [], hostile: [] };
  for (let n = 1; n <= floodRounds; n++) {
    results.quiet.push(await load(0, SECONDS));
    results.hostile.push(await load(HOSTILE_PER_SECOND, SECONDS));
    const [quiet, hostile] = [results.quiet.at(-1), results.hostile.at(-1)];
    const answers = Object.entries(hostile.answers).map(([status, count]) => `${count} × ${status}`);
    tell(
      `hostile, round ${n}: p99 ${quiet.p99_ms.toFixed(1)} → ${hostile.p99_ms.toFixed(1)} ms (${answers.join(', ')})`,
    );
  }
  await worker.stop();
  return results;
}

/** Every body at every kind of address: with its key in the body, in a header, public, unknown. */
function hostileRequests() {
  const inflated = 5_000_000;
  const deep = Buffer.alloc(inflated, '[');
  const members = Buffer.from(`{"a":[${'[],'.repeat(inflated / 3)}[]]}`);
  const noise = Buffer.from(Array.from({ length: inflated / 28 }, (_, n) => `{"k${Math.sin(n)}":[]}`).join(','));
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
  const bodies = [
    ['gzip', gzipSync(deep)],
    ['br', brotliCompressSync(Buffer.concat([Buffer.from('['), noise.subarray(0, 700_000), deep]), quick)],
    ['gzip', gzipSync(members)],
    ['br', brotliCompressSync(Buffer.alloc(500_000_000, '['), quick)],
  ];
  const addresses = [
    ['POST', '/v1/batch'],
    ['POST', '/nowhere'],
    ['POST', '/api/v1/nowhere'],
    ['POST', PATH, 'X-API-Key: tmk_0123456789abcdef_0123456789012345678901234567890123456789012'],
    ['POST', '/api/v1/keys', 'X-API-Key: tmk_0123456789abcdef_0123456789012345678901234567890123456789012'],
    ['POST', '/docs'],
    ['GET', '/api/v1/health'],
  ];
  return bodies.flatMap(([encoding, body]) =>
    addresses.map(([method, path, ...headers]) => {
      const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Type: application/json', ...headers];
      lines.push(`Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`);
      return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
    }),
  );
}
