import { measureAnalytics } from './analytics/analytics.mjs';
import { toAnalyticsRatios } from './analytics/results.mjs';
import { measureBatches } from './batches.mjs';
import { measureClickHouse } from './clickhouse/clickhouse.mjs';
import { toClickHouseRatios } from './clickhouse/results.mjs';
import { measureGarbage } from './garbage/young-garbage.mjs';
import { measureHostile } from './hostile.mjs';
import { measureKeyFlood } from './key-flood.mjs';
import { measureKeyTiming } from './keys/key-timing.mjs';
import { measureLive } from './live/live.mjs';
import { MemoryWatch } from './memory.mjs';
import { toFacts, toHostileRatio, toLiveRatio, toRatios, toRetentionFacts, toRetentionRatio } from './results.mjs';
import { measureRetention } from './retention.mjs';
import { measureRoutes } from './routes.mjs';
import { measureSingles } from './singles.mjs';
import { Speed } from './speed.mjs';
import { Stack } from './stack.mjs';
import { median } from './statistics.mjs';

const STARTS = 3;

/** One run: everything is started, measured side by side, and ended. */
export class Benchmark {
  stack = new Stack();
  /** All that run. */
  stacks = new Set([this.stack]);
  memory = new MemoryWatch();
  speed = new Speed();

  /**
   * Each section adds ratios, and facts worth knowing besides.
   * @param {import('./options.mjs').Options} options @param {(line: string) => void} tell
   */
  async run(options, tell) {
    const results = { ratios: [], facts: {} };
    const runs = (section) => options.only.includes(section);
    this.speed.note();
    if (['ingest', 'routes', 'live', 'hostile', 'keys', 'garbage', 'retention'].some(runs)) await this.start(tell);
    if (runs('ingest')) await this.runIngest(results, { ...options, tell });
    if (runs('routes')) await this.runRoutes(results, { ...options, tell });
    if (runs('live')) await this.runLive(results, tell);
    if (runs('hostile') && options.floodRounds > 0) await this.runHostile(results, { ...options, tell });
    if (runs('keys')) results.ratios.push(await measureKeyTiming(this.stack, { tell }));
    if (runs('garbage')) results.ratios.push(...(await measureGarbage(this.stack, { tell })));
    if (runs('retention')) await this.runRetention(results, { ...options, tell });
    if (runs('analytics')) await this.runAnalytics(results, { ...options, tell });
    if (runs('clickhouse')) await this.runClickHouse(results, { ...options, tell });
    this.speed.note();
    results.facts.speed = this.speed.range;
    return { postgres: this.version, ...results };
  }

  async start(tell) {
    await this.stack.start();
    this.version = await this.stack.version();
    this.apiStartMs = await this.startApi();
    this.memory.noteIdle('api');
    this.memory.start();
    tell('started');
  }

  async runIngest({ ratios, facts }, options) {
    const { stack, memory, apiStartMs } = this;
    const key = await stack.createKey();
    options.tell(`${options.rounds} rounds of ${options.seconds} s`);
    this.speed.note();
    const singles = await measureSingles(stack, memory, { ...options, key });
    this.speed.note();
    const batches = await measureBatches(stack, memory, { ...options, key });
    this.speed.note();
    const flood = await measureKeyFlood(stack, { ...options, key });
    ratios.push(...toRatios(singles, batches, flood));
    Object.assign(facts, toFacts(singles, batches, { apiStartMs, memory }));
  }

  async runRoutes({ ratios, facts }, options) {
    const { ratio, facts: figures } = await measureRoutes(this.stack, options);
    ratios.push(ratio);
    facts.route = figures;
  }

  async runLive({ ratios, facts }, tell) {
    facts.live = await measureLive(this.stack, { tell });
    ratios.push(toLiveRatio(facts.live));
  }

  async runHostile({ ratios, facts }, options) {
    facts.hostile = await measureHostile(this.stack, { ...options, key: await this.stack.createKey() });
    ratios.push(toHostileRatio(facts.hostile));
  }

  async runRetention({ ratios, facts }, options) {
    const result = await measureRetention(this.stack, options);
    facts.retention = toRetentionFacts(result);
    ratios.push(toRetentionRatio(result));
  }

  /** On data sets of its own, each in a database of its own. */
  async runAnalytics({ ratios, facts }, options) {
    await this.stack.end();
    const use = (stack) => this.stacks.add(stack);
    const { version, sizes } = await measureAnalytics({ ...options, speed: this.speed }, use);
    this.version ??= version;
    facts.analytics = sizes;
    ratios.push(...toAnalyticsRatios(sizes));
  }

  /** On the data sets of analytics. */
  async runClickHouse({ ratios, facts }, options) {
    await this.stack.end();
    const measured = await measureClickHouse({ ...options, speed: this.speed }, (stack) => this.stacks.add(stack));
    if (measured === undefined) return;
    this.version ??= measured.version;
    facts.clickhouse = measured.sizes;
    ratios.push(...toClickHouseRatios(measured.sizes));
  }

  /** Starts it a few times and leaves the last one running. @returns {Promise<number>} milliseconds */
  async startApi() {
    const times = [];
    for (let n = 0; n < STARTS; n++) {
      await this.api?.stop();
      const { api, startMs } = await this.stack.startApi();
      this.api = api;
      times.push(startMs);
    }
    this.memory.watch('api', this.api.pid);
    return median(times);
  }

  async end() {
    this.memory.stop();
    for (const stack of this.stacks) await stack.end();
  }
}
