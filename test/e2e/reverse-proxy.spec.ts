import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { findFreePort } from '../../src/local-postgres/ports.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

const SITE = readFileSync('docs/examples/nginx-site.conf', 'utf8');

interface Answer {
  status: number | undefined;
  headers: Record<string, unknown>;
  body: string;
}

/** nginx with the site of the documentation: only addresses and files are those of the test. */
class Proxy {
  readonly folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  port = 0;
  private nginx: ChildProcess | undefined;

  async start(apiPort: number): Promise<void> {
    chmodSync(this.folder, 0o755); // nginx started by root works as another user
    this.port = await findFreePort('127.0.0.1');
    const [certificate, key] = [join(this.folder, 'site.crt'), join(this.folder, 'site.key')];
    const subject = ['-subj', '/CN=events.example.com', '-days', '1', '-keyout', key, '-out', certificate];
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject]);
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
    const site = SITE.replace('127.0.0.1:3000', `127.0.0.1:${apiPort}`)
      .replace('listen 443 ssl', `listen 127.0.0.1:${this.port} ssl`)
      .replace('/etc/ssl/events.example.com.crt', certificate)
      .replace('/etc/ssl/events.example.com.key', key);
    const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
    const main = `daemon off; pid nginx.pid; error_log error.log; events {} http { access_log off; ${kept.join(' ')}\n${site}\n}`;
    writeFileSync(join(this.folder, 'nginx.conf'), main);
    this.nginx = spawn('nginx', ['-p', this.folder, '-e', 'error.log', '-c', 'nginx.conf'], { stdio: 'ignore' });
    await eventually(async () => expect((await this.ask('/api/v1/health/live')).status).toBe(200));
  }

  ask(path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    const options = { host: '127.0.0.1', port: this.port, path, headers, rejectUnauthorized: false };
    return new Promise((resolve, reject) => {
      const asked = request({ ...options, method: body === undefined ? 'GET' : 'POST' }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      });
      asked.once('error', reject);
      asked.end(body);
    });
  }

  async stop(): Promise<void> {
    if (this.nginx !== undefined && this.nginx.exitCode === null) {
      const exit = once(this.nginx, 'exit');
      this.nginx.kill('SIGTERM');
      await exit;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const OPTIONS = { needs: 'nginx', env: { TRUST_PROXY: 'loopback', EVENT_CONTEXT: 'full' } } as const;

describeApi('behind the nginx of the documentation', OPTIONS, (api) => {
  const proxy = new Proxy();
  let key: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Proxied'), ['read', 'write', 'admin']);
    await proxy.start(Number(new URL(api.url).port));
  });

  afterAll(() => proxy.stop());

  it('an event comes in over TLS, and the call log knows the client and the request id', async () => {
    const json = { 'X-API-Key': key, 'Content-Type': 'application/json' };
    const sent = { ...json, 'X-Forwarded-For': '198.51.100.7' };
    const answer = await proxy.ask('/api/v1/events/ingest', sent, '{"event_type":"proxied"}');
    expect(answer.status).toBe(202);
    const id = String(answer.headers['x-request-id']);
    await eventually(async () => {
      const { body } = await proxy.ask(`/api/v1/audit/logs?request_id=${id}`, { 'X-API-Key': key });
      expect((JSON.parse(body) as { data: { ip: string }[] }).data.map(({ ip }) => ip)).toEqual(['198.51.100.7']);
    });
  });

  it('a body beyond one mebibyte reaches the API', async () => {
    const event = { event_type: 'large', payload: { text: 'x'.repeat(60_000) } };
    const body = JSON.stringify({ events: Array.from({ length: 40 }, () => event) });
    const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' };
    expect((await proxy.ask('/api/v1/events/batch', headers, body)).status).toBe(202);
  });

  it('live metrics come over a WebSocket', async () => {
    const socket = io(`https://127.0.0.1:${proxy.port}/metrics`, {
      ...{ auth: { token: key }, transports: ['websocket'], forceNew: true, reconnection: false },
      rejectUnauthorized: false,
    });
    try {
      await once(socket as unknown as NodeJS.EventEmitter, 'connect');
      const metrics = once(socket as unknown as NodeJS.EventEmitter, 'metrics');
      expect(await socket.timeout(10_000).emitWithAck('subscribe', {})).toEqual({ ok: true });
      expect(await metrics).toMatchObject([{ window_s: expect.any(Number) as number }]);
    } finally {
      socket.close();
    }
  });
});
