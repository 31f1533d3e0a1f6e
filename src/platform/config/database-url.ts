import { type Setting, url } from './settings.js';

/** Everything before the hosts, the hosts, and everything behind them. */
const PARTS = /^(\w+:\/\/(?:[^/?#]*@)?)([^@/?#]*)(.*)$/s;

/** What libpq calls a server that accepts writes. */
const WRITABLE = ['read-write', 'primary'];

export const TARGET = 'target_session_attrs';

/**
 * A URL of PostgreSQL may name several hosts, as libpq writes them: `postgresql://login@h1:5432,h2:5432/name`. No class
 * URL understands it. @returns one URL for each host
 */
export function listHosts(databaseUrl: string): readonly [string, ...string[]] {
  const [, before = '', hosts = '', after = ''] = PARTS.exec(databaseUrl) ?? [];
  const [first = '', ...others] = hosts.split(',').map((host) => `${before}${host}${after}`);
  return others.length === 0 ? [databaseUrl] : [first, ...others];
}

/** The URL of the first host, for what all of them have in common: login, password, database, parameters. */
export const firstHost = (databaseUrl: string): URL => new URL(listHosts(databaseUrl)[0]);

/** The URL with the same hosts, after `change`, which sees the first of them alone. */
export function changeDatabaseUrl(databaseUrl: string, change: (url: URL) => void): string {
  const url = firstHost(databaseUrl);
  change(url);
  const [, , hosts = ''] = PARTS.exec(databaseUrl) ?? [];
  return hosts.includes(',') ? url.toString().replace(PARTS, `$1${hosts}$3`) : url.toString();
}

/** The URL of one PostgreSQL, or of several of which one accepts writes. */
export function databaseUrl(words: { example: string; description: string }): Setting<string> {
  const { parse, ...setting } = url(['postgres:', 'postgresql:'], words);
  return {
    ...setting,
    parse: (raw) => {
      const hosts = PARTS.exec(raw)?.[2]?.split(',') ?? [];
      if (hosts.length > 1 && hosts.some((host) => /^(:|$)/.test(host))) {
        throw new Error('must have no empty name among its hosts, which are separated by single commas');
      }
      for (const one of listHosts(raw)) parse(one);
      const { searchParams } = firstHost(raw);
      const target = searchParams.get(TARGET);
      if (target !== null && !WRITABLE.includes(target)) {
        throw new Error(`must have ${TARGET}=read-write or none: events are written, so no other server will do`);
      }
      if (['host', 'port'].some((name) => searchParams.get(name)?.includes(','))) {
        throw new Error('must name several hosts before the name of the database, like login@h1:5432,h2:5432/name');
      }
      return raw;
    },
  };
}
