import type { Redis } from 'ioredis';
import type { LimitState, WindowStore } from './window.js';

/**
 * Sliding window log in a sorted set, one atomic round trip, by the clock of Redis. Members are `<serial>:<cost>`, scored by
 * their time in microseconds; the sum of their costs is kept beside the set, so a window of many events is one member.
 * KEYS: set, state (a hash). ARGV: cost, limit, window in µs.
 * Returns allowed, used, µs until the oldest leaves, µs until there is room.
 */
const SLIDING = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = tonumber(redis.call('HGET', KEYS[2], 'used') or '0')
local function costOf(member) return tonumber(string.match(member, ':(%d+)$')) end
local expired = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - window)
if #expired > 0 then
  for _, member in ipairs(expired) do used = used - costOf(member) end
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
end
if redis.call('ZCARD', KEYS[1]) == 0 then used = 0 end
local allowed = used + cost <= limit
if allowed and cost > 0 then
  local serial = redis.call('HINCRBY', KEYS[2], 'serial', 1)
  redis.call('ZADD', KEYS[1], now, serial .. ':' .. cost)
  used = used + cost
end
redis.call('HSET', KEYS[2], 'used', used)
local ttl = math.ceil(window / 1000) + 1000
redis.call('PEXPIRE', KEYS[1], ttl)
redis.call('PEXPIRE', KEYS[2], ttl)
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local reset = first[2] and (tonumber(first[2]) + window - now) or 0
local retry = 0
if not allowed then
  retry = window
  local left = used
  local entries = redis.call('ZRANGE', KEYS[1], 0, 999, 'WITHSCORES')
  for n = 1, #entries, 2 do
    left = left - costOf(entries[n])
    if left + cost <= limit then retry = tonumber(entries[n + 1]) + window - now; break end
  end
end
return { allowed and 1 or 0, used, reset, retry }`;

/** Fixed window aligned to the clock of Redis. KEYS: counter. ARGV: cost, limit, window in µs. */
const FIXED = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local index = math.floor(now / window)
local state = redis.call('HMGET', KEYS[1], 'index', 'used')
local used = (tonumber(state[1] or '-1') == index) and tonumber(state[2]) or 0
local allowed = used + cost <= limit
if allowed then used = used + cost end
redis.call('HSET', KEYS[1], 'index', index, 'used', used)
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000) + 1000)
local reset = (index + 1) * window - now
return { allowed and 1 or 0, used, reset, allowed and 0 or reset }`;

type Reply = [allowed: number, used: number, reset: number, retry: number];

interface Scripts {
  tidemarkSliding(set: string, state: string, cost: number, limit: number, windowMicros: number): Promise<Reply>;
  tidemarkFixed(counter: string, cost: number, limit: number, windowMicros: number): Promise<Reply>;
}

/** Windows that all API processes share. Rejects when Redis is away. */
export class RedisWindow implements WindowStore {
  private readonly scripts: Scripts;

  constructor(
    redis: Redis,
    private readonly algorithm: 'sliding' | 'fixed',
  ) {
    redis.defineCommand('tidemarkSliding', { numberOfKeys: 2, lua: SLIDING });
    redis.defineCommand('tidemarkFixed', { numberOfKeys: 1, lua: FIXED });
    this.scripts = redis as unknown as Scripts; // defineCommand adds the methods
  }

  async take(key: string, cost: number, limit: number, windowMs: number): Promise<LimitState> {
    // Hash-tagged: the two keys of a window live in one slot of a Redis Cluster.
    const name = `tidemark:limit:{${key}}`;
    const [allowed, used, reset, retry] =
      this.algorithm === 'sliding'
        ? await this.scripts.tidemarkSliding(`${name}:log`, `${name}:state`, cost, limit, windowMs * 1_000)
        : await this.scripts.tidemarkFixed(`${name}:fixed`, cost, limit, windowMs * 1_000);
    return { allowed: allowed === 1, used, resetMs: reset / 1_000, retryMs: retry / 1_000 };
  }
}
