import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestApiProcess } from '../support/api-process.js';
import { describeDatabase } from '../support/fixture.js';
import { plantBare, plantNamed, type Planted, shows } from '../support/planted-secrets.js';

const PLATFORM_API_KEY = `pl@tform/${randomBytes(24).toString('base64')}+"a/b\\!`;
const JWT_SECRET = randomBytes(32).toString('hex');

describeDatabase('a credential in a request', {}, (database) => {
  let api: TestApiProcess;
  let logs: string;
  const problems: string[] = [];

  beforeAll(async () => {
    logs = mkdtempSync(join(tmpdir(), 'tidemark-logs-'));
    const env = { PLATFORM_API_KEY, JWT_SECRET, LOG_DIR: logs, LOG_LEVEL: 'info' };
    api = await TestApiProcess.start(database.url, env);
  });

  afterAll(async () => {
    await api.stop();
    rmSync(logs, { recursive: true });
  });

  async function send(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
    const url = `http://127.0.0.1:${api.port}${path}`;
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (response.headers.get('content-type')?.startsWith('application/problem') === true) problems.push(text);
  }

  /** In every place of a request that is logged, recorded or answered. */
  async function plant({ text }: Planted): Promise<void> {
    const path = text.replace(/[/?\\]/g, encodeURIComponent); // of these a URL would make something else
    const json = { 'Content-Type': 'application/json' };
    const key = { ...json, 'X-API-Key': PLATFORM_API_KEY };
    const line = text.replaceAll('\n', ' ');
    await send('GET', '/api/v1/auth/info', { 'X-API-Key': line });
    await send('GET', '/api/v1/auth/info', { Authorization: `Bearer ${line}` });
    await send('POST', '/v1/track', { Authorization: `Basic ${line}` }, '{}');
    await send('GET', '/api/v1/auth/info', { Cookie: line, Referer: line, 'CSIQ-APIKEY': line, 'User-Agent': line });
    await send('GET', '/api/v1/auth/info', { ...key, 'X-Request-Id': line.slice(0, 128), 'X-Tenant-Id': line });
    await send('GET', `/api/v1/auth/info?api_key=${path}`);
    await send('GET', `/api/v1/events/${path}`, key);
    await send('GET', `/api/v1/events?${path}=1`, key);
    await send('GET', `/v1/projects/${path}/settings`);
    await send('GET', `/V1/Projects/${path}/settings`);
    await send('GET', `/api/v1/nowhere/${path}/${path}`);
    await send('POST', '/api/v1/events', key, text);
    await send('POST', '/api/v1/keys', key, text);
    await send('POST', '/api/v1/keys', key, JSON.stringify({ [text]: 1, client_id: 'c', name: 'n' }));
    await send('POST', '/api/v1/events', key, JSON.stringify({ [text]: 1, event_type: 'x' }));
    await send(
      'POST',
      '/api/v1/events',
      { ...key, 'Idempotency-Key': line.repeat(20).slice(0, 300) },
      '{"event_type":"x"}',
    );
    await send('POST', '/v1/batch', json, JSON.stringify({ writeKey: text, batch: [] }));
    const nul = { type: 'track', event: 'x', userId: 'u', properties: { [text]: 'NUL\0' } };
    await send('POST', '/v1/batch', key, JSON.stringify({ batch: [nul] }));
  }

  it('stands in no log line, no row of the call log and no problem', async () => {
    const planted = [...plantBare([PLATFORM_API_KEY, JWT_SECRET]), ...plantNamed()];
    for (const secret of planted) await plant(secret);
    expect(await api.stop()).toBe(0); // writes what waits
    const rows = await database.query<{ calls: number }>('select * from api_audit_logs');
    const calls = rows.reduce((sum, row) => sum + Number(row.calls), 0); // those without a difference share a row
    const lines = readdirSync(logs).map((file) => readFileSync(join(logs, file), 'utf8'));
    expect(calls).toBeGreaterThan(planted.length * 10);
    expect(lines.join('\n')).toMatch(/Segment API: .* contains the character NUL/);
    expect(problems.length).toBeGreaterThan(planted.length * 10);
    const places = { rows: rows.map((row) => JSON.stringify(row)), lines: lines.join('\n').split('\n'), problems };
    for (const { what, secret } of planted) {
      for (const [place, texts] of Object.entries(places)) {
        expect([what, place, texts.filter((text) => shows(text, secret))]).toEqual([what, place, []]);
      }
    }
  }, 120_000);
});
