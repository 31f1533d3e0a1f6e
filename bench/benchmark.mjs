import { measureBatches } from './batches.mjs';
import { measureKeyFlood } from './key-flood.mjs';
import { MemoryWatch } from './memory.mjs';
import { toFacts, toRatios } from './results.mjs';
import { measureSingles } from './singles.mjs';
import { Stack } from './stack.mjs';
import { median } from './statistics.mjs';

const STARTS = 3;

/** One run: everything is started, measured side by side, and ended. */
export class Benchmark {
  stack = new Stack();
  memory = new MemoryWatch();

  /** @param {import('./options.mjs').Options} options @param {(line: string) => void} tell */
  async run(options, tell) {
    const { stack, memory } = this;
    await stack.start();
    const apiStartMs = await this.startApi();
    memory.noteIdle('api');
    memory.start();
    const key = await stack.createKey();
    tell(`started; ${options.rounds} rounds of ${options.seconds} s`);
    const singles = await measureSingles(stack, memory, { ...options, key, tell });
    const batches = await measureBatches(stack, memory, { ...options, key, tell });
    const flood = await measureKeyFlood(stack, { ...options, key, tell });
    const { version } = await stack.one(`select current_setting('server_version') as version`);
    return {
      postgres: version,
      ratios: toRatios(singles, batches, flood),
      facts: toFacts(singles, batches, { apiStartMs, memory }),
    };
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
    await this.stack.end();
  }
}
