import type { ApiCall } from '../../src/audit/call-log/api-call.js';
import { FoldedCalls } from '../../src/audit/call-log/folded-calls.js';

const call = (ip: string, route: string | null = null, statusCode = 404): ApiCall =>
  ({ ip, route, statusCode, method: 'GET', tenantId: 't', keyId: null, calls: 1 }) as ApiCall;

/** The rows that `calls` of one minute leave. */
function fold(calls: Iterable<ApiCall>): ApiCall[] {
  const folded = new FoldedCalls();
  const rows: ApiCall[] = [];
  for (const each of calls) {
    const { row, ended } = folded.take(each, 1);
    rows.push(...ended, ...(row === null ? [] : [row]));
  }
  return [...rows, ...folded.end(Infinity)];
}

const countOf = (rows: ApiCall[]) => rows.reduce((sum, { calls }) => sum + calls, 0);

describe('FoldedCalls', () => {
  it('gives the first ten of an address, route and status rows of their own', () => {
    const kinds = [call('1.2.3.4', '/a'), call('1.2.3.4', '/b'), call('1.2.3.4', '/a', 400), call('1.2.3.5', '/a')];
    const rows = fold(kinds.flatMap((kind) => Array.from({ length: 50 }, () => ({ ...kind }))));
    expect(rows.map(({ calls }) => calls).sort((a, b) => a - b)).toEqual([
      ...Array<number>(40).fill(1),
      40,
      40,
      40,
      40,
    ]);
  });

  it('takes the addresses of one IPv6 network for one', () => {
    const rows = fold(Array.from({ length: 5_000 }, (_, n) => call(`2001:db8::${(n + 1).toString(16)}`)));
    expect([rows.length, countOf(rows)]).toEqual([11, 5_000]);
  });

  it('makes few rows of a flood from however many addresses, and still counts all of it', () => {
    const flood = function* () {
      for (let n = 0; n < 200_000; n++)
        yield call(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, null, n % 2 ? 404 : 400);
    };
    const rows = fold(flood());
    expect(countOf(rows)).toBe(200_000);
    expect(rows.length).toBeLessThanOrEqual(2_002);
    expect(
      rows
        .filter(({ ip }) => ip === null)
        .map(({ statusCode }) => statusCode)
        .sort(),
    ).toEqual([400, 404]);
  });
});
