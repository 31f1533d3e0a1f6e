import { median, round } from './statistics.mjs';

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 6;
/** Beside the fast path every route is like this one: guards, limits, an interceptor for the call log. */
const PATH = '/api/v1/auth/info';

/**
 * An ordinary route of ours and one of a bare Nest + Express, in turn.
 *
 * @param {import('./stack.mjs').Stack} stack
 * @param {import('./options.mjs').Options & {tell: (line: string) => void}} options
 * @returns {Promise<{ratio: import('./results.mjs').Ratio, facts: object}>}
 */
export async function measureRoutes(stack, { rounds, seconds, tell }) {
  const { key } = await stack.createTenantKey(['read']);
  const targets = {
    ours: { port: stack.apiPort, path: PATH, key },
    express: { port: await stack.startReference('nest-express'), path: '/' },
  };
  const ask = async (name, length) => {
    const meter = stack.meterCpu();
    const options = { ...targets[name], connections: CONNECTIONS, seconds: length };
    const result = await stack.load.ask({ load: 'route', options });
    return { ...result, cpu: meter(result.requests)[name === 'ours' ? 'api' : 'nest-express'] };
  };
  const results = { ours: [], express: [] };
  for (const name of Object.keys(targets)) await ask(name, WARM_UP_SECONDS);
  for (let n = 1; n <= rounds; n++) {
    for (const name of Object.keys(targets)) results[name].push(await ask(name, seconds));
    const [ours, express] = Object.values(results).map((all) => Math.round(all.at(-1).perSecond));
    tell(`route, round ${n}: ours ${ours}, Nest + Express ${express} requests/s`);
  }
  const middle = (name, figure) => median(results[name].map((result) => result[figure]));
  const [ours, reference] = [middle('ours', 'perSecond'), middle('express', 'perSecond')].map((rate) => round(rate));
  const of = (name) => ({
    p50_ms: middle(name, 'p50_ms'),
    p99_ms: middle(name, 'p99_ms'),
    cpu_us: round(middle(name, 'cpu'), 1),
  });
  const value = round(ours / reference, 3);
  return {
    ratio: { name: 'ordinary_route', value, goal: null, higher_is_better: true, ours, reference },
    facts: { ours: of('ours'), express: of('express') },
  };
}
