/** Where REDIS_URL leads. */
export interface RedisAddress {
  /** One server, the master that Sentinels name, or a cluster. */
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** The server, the Sentinels, or some nodes of the cluster, by which the others are found. */
  readonly hosts: readonly RedisHost[];
  readonly isEncrypted: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** 4 or 6; absent: both. */
  readonly family: number | undefined;
  readonly sentinel?: SentinelAddress;
}

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

interface SentinelAddress {
  /** As the Sentinels call the master. */
  readonly master: string;
  /** Login at the Sentinels themselves. */
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export const REDIS_SCHEMES = ['redis:', 'rediss:', 'redis+sentinel:', 'rediss+sentinel:'] as const;

const FORMS =
  'redis://login:password@host:port/0, redis+sentinel://login:password@host1:26379,host2:26379/mymaster or redis://login:password@host1:6379,host2:6379/?cluster=true';
const ENCODE =
  'must have login and password percent-encoded where they contain more than letters and digits: @ %40, / %2F, # %23, ? %3F, % %25';
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const OPTIONS = ['cluster', 'family', 'sentinel_user', 'sentinel_password'];

/** @throws Error whose message completes "REDIS_URL …" */
export function parseRedisUrl(text: string): RedisAddress {
  const [, scheme = '', authority = '', rest = ''] = /^([a-z+]+:)\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  const known = REDIS_SCHEMES.find((each) => each === scheme.toLowerCase());
  if (known === undefined) throw new Error(`must be a URL starting with redis://, rediss:// or redis+sentinel://`);
  if (rest.includes('@') && !authority.includes('@')) throw new Error(ENCODE);
  const [, path = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?$/s.exec(rest) ?? refuse(`must be a URL like ${FORMS}`);
  const options = optionsOf(query);
  const isSentinel = known.endsWith('sentinel:');
  const at = authority.lastIndexOf('@');
  const login = loginOf(authority.slice(0, Math.max(at, 0)));
  const hosts = authority.slice(at + 1).split(',');
  const common = {
    ...login,
    hosts: hosts.map((host) => hostOf(host, isSentinel ? SENTINEL_PORT : REDIS_PORT)),
    isEncrypted: known.startsWith('rediss'),
    family: options.family,
  };
  const parts = path.split('/').slice(1).map(decoded);
  if (isSentinel) return { ...common, ...sentinelParts(parts, options), kind: 'sentinel' };
  if (options.sentinel.username !== undefined || options.sentinel.password !== undefined) {
    throw new Error('has a login for Sentinels, and none of them: it would start with redis+sentinel://');
  }
  const database = databaseOf(parts);
  if (options.isCluster && database !== 0) throw new Error(`must not name a database: a cluster has none but 0`);
  if (options.isCluster) return { ...common, database, kind: 'cluster' };
  if (hosts.length === 1) return { ...common, database, kind: 'single' };
  throw new Error(
    'names several hosts; write ?cluster=true behind those of a cluster, or redis+sentinel:// before those of Sentinels',
  );
}

function refuse(why: string): never {
  throw new Error(why);
}

function optionsOf(query: string) {
  const given = new URLSearchParams(query.replaceAll('+', '%2B'));
  const wrong = [...given.keys()].find((name) => !OPTIONS.includes(name));
  if (wrong !== undefined) throw new Error(`must not have the option ${wrong}; there are ${OPTIONS.join(', ')}`);
  const [cluster, family] = [given.get('cluster') ?? 'false', given.get('family') ?? '0'];
  if (!['true', 'false'].includes(cluster)) throw new Error('must have cluster=true, or no cluster=');
  if (!['0', '4', '6'].includes(family)) throw new Error('must have family=4 or family=6, or no family=');
  return {
    isCluster: cluster === 'true',
    family: family === '0' ? undefined : Number(family),
    sentinel: {
      username: given.get('sentinel_user') ?? undefined,
      password: given.get('sentinel_password') ?? undefined,
    },
  };
}

function sentinelParts([master = '', ...others]: string[], { isCluster, sentinel }: ReturnType<typeof optionsOf>) {
  if (isCluster) throw new Error('must not have cluster=true: a cluster has no Sentinels');
  if (master === '') {
    throw new Error('must end with the name of the master, as in redis+sentinel://host1:26379,host2:26379/mymaster');
  }
  return { database: databaseOf(others), sentinel: { master, ...sentinel } };
}

/** `login:password`, `:password`, or nothing. */
function loginOf(text: string) {
  const colon = text.indexOf(':');
  const [login, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return { username: decoded(login) || undefined, password: decoded(password) || undefined };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(ENCODE);
  }
}

function hostOf(text: string, otherwise: number): RedisHost {
  const [, name, port = String(otherwise)] = /^(\[[\da-f:.]+\]|[^\s:[\]@]*)(?::(\d+))?$/i.exec(text) ?? [];
  if (name === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new Error(`must be a URL like ${FORMS}, and ${ENCODE}`);
  }
  return { host: name.replace(/^\[|\]$/g, '') || 'localhost', port: Number(port) };
}

function databaseOf([text = '', ...more]: string[]): number {
  if (more.length > 0 || !/^\d{0,9}$/.test(text)) {
    throw new Error('must have the number of a database behind the last slash, or nothing');
  }
  return Number(text);
}
