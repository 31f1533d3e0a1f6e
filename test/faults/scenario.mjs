import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBatches, checkEvents, checkRollups } from './checks.mjs';
import { Journal } from './journal.mjs';
import { killRepeatedly } from './kills.mjs';
import { Load } from './load.mjs';
import { readComplaints } from './logs.mjs';
import { Observer } from './observer.mjs';
import { NO_OUTAGE, outliveQueue } from './queue-outage.mjs';
import { Random } from './random.mjs';
import { Stack } from './stack.mjs';
import { targetsOf } from './targets.mjs';
import { eventually, sleep } from './waiting.mjs';

const WARM_UP_MS = 1_000;
const NOTIFY_TIMEOUT_MS = 15_000;
const DRAIN_TIMEOUT_MS = 30_000;

/**
 * @typedef {object} Plan
 * @property {string} target
 * @property {string} backend
 * @property {number} kills
 * @property {number} seed
 * @property {string} [defect]
 * @property {boolean} [keep]
 *
 * @typedef {Awaited<ReturnType<typeof measure>>} Result
 */

/** One target on one queue backend, on a stack of its own: load and kills, then quiet, then the checks. */
export class Scenario {
  /** @param {Plan} plan */
  constructor(plan) {
    this.plan = plan;
  }

  /** @returns {Promise<Result>} */
  async run() {
    const { backend, defect } = this.plan;
    try {
      this.folder = await mkdtemp(join(tmpdir(), 'tidemark-faults-'));
      await chmod(this.folder, 0o755); // PostgreSQL may have to run as another user
      this.stack = new Stack(this.folder, backend, defect);
      await this.stack.start();
      this.observer = new Observer(this.stack.postgres.url);
      return await measure(this.plan, this.stack, this.observer);
    } finally {
      await this.end();
    }
  }

  /** Leaves nothing behind, whatever state the run is in. */
  async end() {
    await this.observer?.end().catch(() => undefined);
    this.observer = undefined;
    await this.stack?.end();
    if (this.folder === undefined) return;
    if (this.plan.keep) process.stderr.write(`kept ${this.folder}\n`);
    else await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** @param {Plan} plan @param {Stack} stack @param {Observer} observer */
async function measure(plan, stack, observer) {
  const run = `${plan.target}-on-${plan.backend}`;
  const journal = new Journal(plan.seed, run, await stack.createTenants());
  const load = new Load(plan.seed, stack.http, journal);
  const parts = { stack, load, observer };
  const targets = targetsOf(parts);
  load.start();
  await sleep(WARM_UP_MS);
  const isGivenUp = () => stack.unexpectedExits().length > 0;
  const random = new Random(plan.seed, `${run} kills`);
  const kills = await killRepeatedly(targets[plan.target], plan.kills, random, isGivenUp);
  const { disturbed_at, ...outage } = plan.target === 'redis' ? await outliveQueue(parts, targets) : NO_OUTAGE;
  const rings = await observer.seesPromptBatch(NOTIFY_TIMEOUT_MS);
  const unanswered = await load.finish();
  await eventually(async () => (await observer.countQueued()) === 0, DRAIN_TIMEOUT_MS, 200);
  const facts = {
    kills: kills.length,
    sent: journal.sent,
    acked: journal.acked,
    ...(await checkEvents(observer, journal)),
    rollup_difference: await checkRollups(observer),
    recoveries_s: kills.flatMap(({ recovery_s }) =>
      recovery_s === undefined ? [] : [Math.round(recovery_s * 1_000) / 1_000],
    ),
    ...(await checkBatches(observer, [...kills.map(({ at }) => at), ...disturbed_at])),
    unanswered,
    attempts: load.attempts,
    failed_attempts: load.failedAttempts,
    ...outage,
    rings,
    unexpected_exits: stack.unexpectedExits().length,
  };
  const remarks = [...stack.unexpectedExits(), ...journal.contradictions, ...load.wrongAnswers];
  return { ...plan, ...facts, remarks, log_errors: await readComplaints(stack.folder) };
}
