import autocannon from 'autocannon';

/**
 * One GET route, asked again and again by all connections. @throws {Error} unless every answer is 2xx
 * @param {{port: number, path: string, key: string | undefined, connections: number, seconds: number}} options
 * @returns {Promise<{perSecond: number, p50_ms: number, p99_ms: number, requests: number}>}
 */
export async function loadRoute({ port, path, key, connections, seconds }) {
  const headers = key === undefined ? {} : { 'X-API-Key': key };
  const url = `http://127.0.0.1:${port}${path}`;
  const result = await autocannon({ url, headers, connections, duration: seconds });
  const failures = result.non2xx + result.errors + result.timeouts;
  if (failures > 0) throw new Error(`${failures} requests to ${path} were not answered with 2xx`);
  const { requests, latency, duration } = result;
  return { perSecond: requests.total / duration, p50_ms: latency.p50, p99_ms: latency.p99, requests: requests.total };
}
