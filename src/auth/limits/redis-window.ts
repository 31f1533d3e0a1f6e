import type { RedisClient } from '../../platform/redis/redis-client.js';
import type { Limit, LimitsState, LimitState, WindowStore } from './window.js';

/**
 * Sliding window logs in sorted sets, one atomic round trip, by the clock of Redis. Members are `<serial>:<cost>`,
 * scored by their time in microseconds; the sum of their costs is kept beside the set, so a window of many events is
 * one member. KEYS: per window its set and its state (a hash). ARGV: cost, then per window limit and length in µs.
 * Counts towards all windows or towards none. Returns the number of the window that refuses, or 0, and of that one,
 * else of the first: used, µs until the oldest leaves, µs until there is room.
 */
const SLIDING = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost = tonumber(ARGV[1])
local function costOf(member) return tonumber(string.match(member, ':(%d+)$')) end
local windows, refusing = {}, 0
for n = 1, #KEYS / 2 do
  local w = { set = KEYS[2 * n - 1], state = KEYS[2 * n], limit = tonumber(ARGV[2 * n]), length = tonumber(ARGV[2 * n + 1]) }
  w.used = tonumber(redis.call('HGET', w.state, 'used') or '0')
  local expired = redis.call('ZRANGEBYSCORE', w.set, '-inf', now - w.length)
  if #expired > 0 then
    for _, member in ipairs(expired) do w.used = w.used - costOf(member) end
    redis.call('ZREMRANGEBYSCORE', w.set, '-inf', now - w.length)
  end
  if redis.call('ZCARD', w.set) == 0 then w.used = 0 end
  if refusing == 0 and w.used + cost > w.limit then refusing = n end
  windows[n] = w
end
for _, w in ipairs(windows) do
  if refusing == 0 and cost > 0 then
    local serial = redis.call('HINCRBY', w.state, 'serial', 1)
    redis.call('ZADD', w.set, now, serial .. ':' .. cost)
    w.used = w.used + cost
  end
  redis.call('HSET', w.state, 'used', w.used)
  local ttl = math.ceil(w.length / 1000) + 1000
  redis.call('PEXPIRE', w.set, ttl)
  redis.call('PEXPIRE', w.state, ttl)
end
local w = windows[math.max(refusing, 1)]
local first = redis.call('ZRANGE', w.set, 0, 0, 'WITHSCORES')
local reset = first[2] and (tonumber(first[2]) + w.length - now) or 0
local retry = 0
if refusing > 0 then
  retry = w.length
  local left = w.used
  local entries = redis.call('ZRANGE', w.set, 0, 999, 'WITHSCORES')
  for n = 1, #entries, 2 do
    left = left - costOf(entries[n])
    if left + cost <= w.limit then retry = tonumber(entries[n + 1]) + w.length - now; break end
  end
end
return { refusing, w.used, reset, retry }`;

/** Fixed windows aligned to the clock of Redis. KEYS: per window its counter. ARGV and answer as above. */
const FIXED = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost = tonumber(ARGV[1])
local windows, refusing = {}, 0
for n = 1, #KEYS do
  local w = { limit = tonumber(ARGV[2 * n]), length = tonumber(ARGV[2 * n + 1]) }
  w.index = math.floor(now / w.length)
  local state = redis.call('HMGET', KEYS[n], 'index', 'used')
  w.used = (tonumber(state[1] or '-1') == w.index) and tonumber(state[2]) or 0
  if refusing == 0 and w.used + cost > w.limit then refusing = n end
  windows[n] = w
end
for n, w in ipairs(windows) do
  if refusing == 0 then w.used = w.used + cost end
  redis.call('HSET', KEYS[n], 'index', w.index, 'used', w.used)
  redis.call('PEXPIRE', KEYS[n], math.ceil(w.length / 1000) + 1000)
end
local w = windows[math.max(refusing, 1)]
local reset = (w.index + 1) * w.length - now
return { refusing, w.used, reset, refusing > 0 and reset or 0 }`;

type Reply = [refusing: number, used: number, reset: number, retry: number];

interface Scripts {
  tidemarkSliding(keyCount: number, ...words: (string | number)[]): Promise<Reply>;
  tidemarkFixed(keyCount: number, ...words: (string | number)[]): Promise<Reply>;
}

/** Windows that all API processes share. Rejects when Redis is away. */
export class RedisWindow implements WindowStore {
  private readonly scripts: Scripts;

  constructor(
    redis: RedisClient,
    private readonly algorithm: 'sliding' | 'fixed',
  ) {
    redis.defineCommand('tidemarkSliding', { lua: SLIDING });
    redis.defineCommand('tidemarkFixed', { lua: FIXED });
    this.scripts = redis as unknown as Scripts; // defineCommand adds the methods
  }

  async take(key: string, cost: number, limit: number, windowMs: number): Promise<LimitState> {
    const { index: _first, ...state } = await this.takeAll(cost, [{ key, limit, windowMs }]);
    return state;
  }

  async takeAll(cost: number, limits: readonly [Limit, ...Limit[]]): Promise<LimitsState> {
    const isSliding = this.algorithm === 'sliding';
    const keys = limits.flatMap(({ key }) =>
      isSliding ? [nameOf(key, 'log'), nameOf(key, 'state')] : [nameOf(key, 'fixed')],
    );
    const words = [...keys, cost, ...limits.flatMap(({ limit, windowMs }) => [limit, windowMs * 1_000])];
    const [refusing, used, reset, retry] = isSliding
      ? await this.scripts.tidemarkSliding(keys.length, ...words)
      : await this.scripts.tidemarkFixed(keys.length, ...words);
    const index = Math.max(refusing - 1, 0);
    return { allowed: refusing === 0, used, resetMs: reset / 1_000, retryMs: retry / 1_000, index };
  }
}

/** Hash-tagged by the part before the slash: windows that are counted together are in one slot of a Redis Cluster. */
function nameOf(key: string, part: string): string {
  const slash = key.indexOf('/');
  const [tag, rest] = slash < 0 ? [key, ''] : [key.slice(0, slash), key.slice(slash)];
  return `tidemark:limit:{${tag}}${rest}:${part}`;
}
