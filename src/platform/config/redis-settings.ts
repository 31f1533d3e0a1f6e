import { parseRedisUrl } from './redis-url.js';
import { checkedText, text } from './settings.js';

/** Where queues and shared rate limits live. */
export const REDIS_SETTINGS = {
  REDIS_URL: checkedText(parseRedisUrl, {
    example: 'redis://localhost:6379',
    description:
      'With it, queues and shared rate limits live in Redis; without it, queues live in PostgreSQL, limits per process. Sentinel: redis+sentinel://host1:26379,host2:26379/mymaster, cluster: redis://host1:6379,host2:6379/?cluster=true; rediss for TLS.',
  }),
  REDIS_CA_FILE: text({
    example: '/etc/ssl/redis-ca.pem',
    description:
      'Certificates (PEM) of the CA that signed those of Redis, of its Sentinels too, where it is one of your own. With rediss://.',
  }),
} as const;

export type RedisSetting = keyof typeof REDIS_SETTINGS;

/** @returns what keeps REDIS_CA_FILE from acting, to stand after its name */
export function faultOfCaFile(config: Readonly<Partial<Record<RedisSetting, string | undefined>>>): string | undefined {
  const { REDIS_URL: url, REDIS_CA_FILE: file } = config;
  if (file === undefined || (url !== undefined && parseRedisUrl(url).isEncrypted)) return undefined;
  return 'changes nothing without TLS; start REDIS_URL with rediss:// or rediss+sentinel://, or leave it out';
}
