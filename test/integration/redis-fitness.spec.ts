import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { loadConfig } from '../../src/platform/config/config.js';
import { QueueConnection, type QueueRole } from '../../src/platform/queues/queues.js';
import { describeWith } from '../support/fixture.js';
import { freePort, type RedisServer, startRedisServer } from '../support/redis.js';
import { makeTlsFiles, tlsWords } from '../support/redis-topologies.js';

const configOf = (url: string, ca?: string) =>
  loadConfig({ DATABASE_URL: 'postgres://localhost/none', REDIS_URL: url, REDIS_CA_FILE: ca });

/** A start as API or worker. */
async function open(url: string, role: QueueRole = 'producer', ca?: string): Promise<number> {
  const queue = await QueueConnection.open(configOf(url, ca), role);
  try {
    return await queue.check();
  } finally {
    await queue.onApplicationShutdown();
  }
}

describeWith({ needs: 'redis-server' }, 'a Redis that REDIS_URL names', () => {
  const servers: RedisServer[] = [];
  const start = async (...options: string[]) => {
    const server = await startRedisServer(undefined, options);
    servers.push(server);
    return server;
  };

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.kill()));
  });

  it.each(['producer', 'consumer'] as const)('is taken by a %s when it takes writes', async (role) => {
    const { url } = await start();
    expect(await open(url, role)).toBeGreaterThan(0);
  });

  it('is refused when it is a replica', async () => {
    const master = await start();
    const { url } = await start('--replicaof', `127.0.0.1 ${master.port}`);
    await expect(open(url)).rejects.toThrow(
      /REDIS_URL is a replica and takes no writes; give the address of its master/,
    );
  });

  const startSentinel = async () => {
    const master = await start();
    const file = join(mkdtempSync(join(tmpdir(), 'sentinel-')), 'sentinel.conf');
    writeFileSync(file, `sentinel monitor mymaster 127.0.0.1 ${master.port} 1\n`);
    return start(file, '--sentinel');
  };

  it('is refused when it is a Sentinel and nothing says so, or its master has another name', async () => {
    const { url, port } = await startSentinel();
    await expect(open(url)).rejects.toThrow(/REDIS_URL is a Sentinel, .*; write redis\+sentinel:\/\/ before/);
    await expect(open(`redis+sentinel://127.0.0.1:${port}/theirs`)).rejects.toThrow(
      /REDIS_URL must end with the name of a master that the Sentinels watch/,
    );
    expect(await open(`redis+sentinel://127.0.0.1:${port}/mymaster`)).toBeGreaterThan(0);
  });

  it('is refused when it stands alone and is called a Sentinel or a node of a cluster', async () => {
    const { port } = await start();
    await expect(open(`redis+sentinel://127.0.0.1:${port}/mymaster`)).rejects.toThrow(
      /REDIS_URL must have the addresses of Sentinels/,
    );
    await expect(open(`redis://127.0.0.1:${port}/?cluster=true`)).rejects.toThrow(
      /REDIS_URL has cluster=true and leads to a Redis that stands alone/,
    );
  });

  it('is taken by TLS when its certificate is trusted, and refused when it is not', async () => {
    const tls = await makeTlsFiles();
    const port = await freePort();
    const server = await startRedisServer(port, tlsWords(port, tls), { tls: { rejectUnauthorized: false } });
    try {
      const url = `rediss://127.0.0.1:${port}`;
      expect(await open(url, 'consumer', tls.cert)).toBeGreaterThan(0);
      await expect(open(url)).rejects.toThrow(/REDIS_URL leads to a server whose certificate is not trusted/);
      for (const file of [tls.key, join(tls.cert, 'below')]) {
        await expect(open(url, 'producer', file)).rejects.toThrow(
          /REDIS_CA_FILE must be a file of certificates in PEM/,
        );
      }
    } finally {
      await server.kill();
    }
  });

  it('is refused when it is a node of a cluster', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
    const { url } = await start('--cluster-enabled', 'yes', '--dir', folder);
    await expect(open(url)).rejects.toThrow(/REDIS_URL is a node of a cluster; write \?cluster=true/);
  });

  it('is refused when it evicts keys', async () => {
    const { url } = await start('--maxmemory-policy', 'allkeys-lru');
    await expect(open(url)).rejects.toThrow(/evicts keys .*allkeys-lru.* set maxmemory-policy noeviction/);
  });

  it('is refused when its user may not write', async () => {
    const { url, port } = await start();
    const admin = new Redis(url);
    await admin.acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@read', '+@connection', '+info');
    admin.disconnect();
    await expect(open(`redis://reader:secret@127.0.0.1:${port}`)).rejects.toThrow(/does not let this user write/);
  });

  it('is not waited for when it is away: it may come back', async () => {
    const queue = await QueueConnection.open(configOf(`redis://127.0.0.1:${await freePort()}`), 'consumer');
    await queue.onApplicationShutdown();
  });

  it('is down when it becomes a replica later', async () => {
    const [server, other] = [await start(), await start()];
    const queue = await QueueConnection.open(configOf(server.url), 'producer');
    await queue.check();
    const admin = new Redis(server.url);
    await admin.replicaof('127.0.0.1', other.port);
    await expect(queue.check()).rejects.toThrow(/is a replica/);
    admin.disconnect();
    await queue.onApplicationShutdown();
  });
});
