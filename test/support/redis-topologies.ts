import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis, type RedisOptions } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort } from './redis.js';

/** Several Redis servers that take over from one another. */
export interface RedisTopology {
  /** What REDIS_URL must be. */
  url: string;
  /** Further settings that it needs. */
  env: Record<string, string>;
  /** The port of the server that holds the keys of the queues. */
  masterPort(): Promise<number>;
  /** SIGKILL. */
  kill(port: number): Promise<void>;
  /** Again, as what was killed. */
  restart(port: number): Promise<void>;
  /** Waits until each server has its part again. */
  isWhole(): Promise<void>;
  stop(): Promise<void>;
}

/** A certificate for 127.0.0.1 that signs itself, and is thus its own CA. */
export interface TlsFiles {
  cert: string;
  key: string;
}

export async function makeTlsFiles(): Promise<TlsFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'));
  const [cert, key] = [join(folder, 'ca.pem'), join(folder, 'key.pem')];
  const names = ['-subj', '/CN=Redis', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, '-out', cert, '-keyout', key];
  await promisify(execFile)('openssl', made);
  return { cert, key };
}

export const tlsWords = (port: number, { cert, key }: TlsFiles): string[] => [
  ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
  ...['--tls-ca-cert-file', cert, '--tls-cert-file', cert, '--tls-key-file', key],
];

const MEMORY_ONLY = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--loglevel', 'warning'];
const PASSWORD = 'sentinel-test-17';
const MASTER = 'mymaster';
const DOWN_AFTER_MS = 700;
const NODE_TIMEOUT_MS = 1_000;
const WHOLE_WITHIN_MS = 30_000;

/** The servers of one topology, each of which may be killed and started again. */
class Servers {
  private readonly words = new Map<number, readonly string[]>();
  private readonly running = new Map<number, ChildProcess>();

  start(port: number, words: readonly string[]): void {
    this.words.set(port, words);
    this.running.set(port, spawn('redis-server', words, { stdio: 'ignore' }));
  }

  restart(port: number): Promise<void> {
    this.start(port, this.words.get(port)!);
    return Promise.resolve();
  }

  async kill(port: number): Promise<void> {
    const child = this.running.get(port);
    if (child === undefined) throw new Error(`nothing of this topology runs on ${port}`);
    this.running.delete(port);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.keys()].map((port) => this.kill(port)));
  }
}

/** One question to one server. */
async function ask<T>(port: number, question: (redis: Redis) => Promise<T>, options: RedisOptions = {}): Promise<T> {
  const redis = new Redis({ ...options, host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

const folderOf = (port: number) => mkdtempSync(join(tmpdir(), `redis-${port}-`));

/** A master, a replica and three Sentinels, which all want a password. */
export async function startSentinels(): Promise<RedisTopology> {
  const servers = new Servers();
  const [master = 0, replica = 0, ...sentinels] = await Promise.all(Array.from({ length: 5 }, () => freePort()));
  const logins = ['--requirepass', PASSWORD, '--masterauth', PASSWORD, '--repl-diskless-sync-delay', '0'];
  const start = (port: number, ...words: string[]) =>
    servers.start(port, ['--port', String(port), '--dir', folderOf(port), ...MEMORY_ONLY, ...logins, ...words]);
  start(master);
  start(replica, '--replicaof', `127.0.0.1 ${master}`);
  const login = { password: PASSWORD };
  await eventually(async () => {
    const info = await ask(replica, (redis) => redis.info('replication'), login);
    if (!info.includes('master_link_status:up')) throw new Error('the replica does not follow its master yet');
  });
  for (const port of sentinels) servers.start(port, sentinelWords(port, { master, replica }));
  const isWhole = async () => {
    await Promise.all(sentinels.map((port) => eventually(() => sentinelIsReady(port), WHOLE_WITHIN_MS)));
  };
  await isWhole();
  const hosts = sentinels.map((port) => `127.0.0.1:${port}`).join(',');
  return {
    url: `redis+sentinel://:${PASSWORD}@${hosts}/${MASTER}?sentinel_password=${PASSWORD}`,
    env: {},
    masterPort: async () => {
      const [, port] = await ask(
        sentinels[0]!,
        async (redis) => (await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER)) as [string, string],
        login,
      );
      return Number(port);
    },
    kill: (port) => servers.kill(port),
    restart: (port) => servers.restart(port),
    isWhole,
    stop: () => servers.stop(),
  };
}

function sentinelWords(port: number, { master, replica }: { master: number; replica: number }): string[] {
  const folder = folderOf(port);
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `requirepass ${PASSWORD}`,
    `sentinel sentinel-pass ${PASSWORD}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${master} 2`,
    `sentinel auth-pass ${MASTER} ${PASSWORD}`,
    `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER} 3000`,
    `sentinel known-replica ${MASTER} 127.0.0.1 ${replica}`, // else it asks the master for them every 10 s
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return [file, '--sentinel'];
}

async function sentinelIsReady(port: number): Promise<void> {
  const [master, replica] = await ask(
    port,
    async (redis) => [
      (await redis.call('SENTINEL', 'MASTER', MASTER)) as string[],
      ((await redis.call('SENTINEL', 'REPLICAS', MASTER)) as string[][])[0] ?? [],
    ],
    { password: PASSWORD },
  );
  const read = (flat: string[], name: string) => flat[flat.indexOf(name) + 1];
  const seen = [
    ...[read(master, 'flags'), read(master, 'num-other-sentinels'), read(master, 'num-slaves')],
    ...[read(replica, 'flags'), read(replica, 'master-link-status')],
  ].join(' ');
  if (seen !== 'master 2 1 slave ok') throw new Error(`Sentinel ${port} sees ${seen}`);
}

/** Three masters with a replica each, with TLS when there are `tls` files. */
export async function startCluster(tls?: TlsFiles): Promise<RedisTopology> {
  const servers = new Servers();
  const ports = await clusterPorts(6);
  for (const port of ports) {
    const listen = tls === undefined ? ['--port', String(port)] : tlsWords(port, tls);
    const secret = tls === undefined ? [] : ['--tls-cluster', 'yes', '--tls-replication', 'yes'];
    const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)];
    const folder = ['--dir', folderOf(port), '--repl-diskless-sync-delay', '0'];
    servers.start(port, [...listen, ...secret, ...cluster, ...folder, ...MEMORY_ONLY]);
  }
  const options: RedisOptions = tls === undefined ? {} : { tls: { rejectUnauthorized: false } };
  await Promise.all(ports.map((port) => eventually(() => ask(port, (redis) => redis.ping(), options))));
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  const words = tls === undefined ? [] : ['--tls', '--cacert', tls.cert];
  const create = ['--cluster', 'create', ...nodes, '--cluster-replicas', '1', '--cluster-yes'];
  await promisify(execFile)('redis-cli', [...words, ...create]);
  const isWhole = async () => {
    await Promise.all(ports.map((port) => eventually(() => nodeIsReady(port, options), WHOLE_WITHIN_MS)));
  };
  await isWhole();
  return {
    url: `${tls === undefined ? 'redis' : 'rediss'}://${nodes.slice(0, 3).join(',')}/?cluster=true`,
    env: tls === undefined ? {} : { REDIS_CA_FILE: tls.cert },
    masterPort: async () => {
      const slots = await Promise.any(ports.map((port) => ask(port, (redis) => redis.cluster('SLOTS'), options)));
      const [, , node] = slots.find(([from, to]) => from <= SLOT_OF_QUEUES && SLOT_OF_QUEUES <= to)!;
      return node![1];
    },
    kill: (port) => servers.kill(port),
    restart: (port) => servers.restart(port),
    isWhole,
    stop: () => servers.stop(),
  };
}

/** CLUSTER KEYSLOT {tidemark} */
const SLOT_OF_QUEUES = 15_228;

/** Free ones whose bus port, 10,000 above, is free as well. */
async function clusterPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = await freePort();
    if (port <= 55_000) ports.add(port);
  }
  return [...ports];
}

async function nodeIsReady(port: number, options: RedisOptions): Promise<void> {
  const [state, replication] = await ask(
    port,
    async (redis) => [await redis.cluster('INFO'), await redis.info('replication')] as const,
    options,
  );
  const isReplica = replication.includes('role:slave');
  const linked = isReplica ? replication.includes('master_link_status:up') : replication.includes('connected_slaves:1');
  if (!state.includes('cluster_state:ok') || !linked) throw new Error(`node ${port} has not joined yet`);
}
