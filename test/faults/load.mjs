import { Random } from './random.mjs';
import { sleep } from './waiting.mjs';

const TICK_MS = 25;
/** With more requests unanswered than this the client waits, as a client with a bounded buffer does. */
const MAX_OUTSTANDING = 32;
const RESENT_SHARE = 0.1;
const BATCH_SHARE = 0.06;
const GIVE_UP_MS = 30_000;

/**
 * A client at 200 to 400 events per second that never gives up: an event goes out again until it is acknowledged, so a
 * lost answer must turn into a duplicate.
 *
 * @typedef {import('./journal.mjs').Entry} Entry
 */
export class Load {
  /** @param {number} seed @param {import('./http-client.mjs').HttpClient} http @param {import('./journal.mjs').Journal} journal */
  constructor(seed, http, journal) {
    this.random = new Random(seed, `${journal.run} load`);
    this.http = http;
    this.journal = journal;
    this.outstanding = new Set();
    /** Requests, each try counted, and those of them that brought no 202. */
    this.attempts = 0;
    this.failedAttempts = 0;
    /** Answers that a correct server never gives, in words. @type {string[]} */
    this.wrongAnswers = [];
    /** @type {{since: number, resolve: (at: number) => void}[]} */
    this.waitingForAnswer = [];
    this.endsAt = Infinity;
  }

  start() {
    this.generating = this.generate();
  }

  /** Sends nothing new. @returns {Promise<number>} requests that were not acknowledged within half a minute */
  async finish() {
    this.stopping = true;
    await this.generating;
    this.endsAt = performance.now() + GIVE_UP_MS;
    const unanswered = await Promise.all(this.outstanding);
    return unanswered.filter((answered) => !answered).length;
  }

  /** @returns {Promise<number>} when the first request that starts from now on is acknowledged */
  nextAnswer() {
    return new Promise((resolve) => this.waitingForAnswer.push({ since: performance.now(), resolve }));
  }

  async generate() {
    let owed = 0;
    for (let last = performance.now(); !this.stopping; await sleep(TICK_MS)) {
      const now = performance.now();
      const rate = 300 + 100 * Math.sin(now / 3_000);
      owed = Math.min(owed + ((now - last) / 1_000) * rate, rate);
      last = now;
      while (owed > 0 && this.outstanding.size < MAX_OUTSTANDING) owed -= this.sendSomething();
    }
  }

  /** @returns {number} how many events */
  sendSomething() {
    const { random, journal } = this;
    const tenant = random.pick(journal.tenants);
    const single = !random.chance(BATCH_SHARE);
    const length = single ? 1 : random.integer(20, 100);
    const entries = Array.from({ length }, () =>
      random.chance(RESENT_SHARE) ? journal.pickEarlier(tenant) : journal.add(tenant),
    );
    const delivery = this.deliver(entries, single).finally(() => this.outstanding.delete(delivery));
    this.outstanding.add(delivery);
    return length;
  }

  /** @param {Entry[]} entries of one tenant @returns {Promise<boolean>} whether it was acknowledged in the end */
  async deliver(entries, single) {
    while (performance.now() < this.endsAt) {
      const startedAt = performance.now();
      if (await this.attempt(entries, single)) {
        this.noteAnswer(startedAt);
        return true;
      }
      this.failedAttempts += 1;
      await sleep(100 + Math.random() * 200);
    }
    return false;
  }

  async attempt(entries, single) {
    this.attempts += 1;
    const path = single ? '/events/ingest' : '/events/batch';
    const body = single ? entries[0].event : { events: entries.map((entry) => entry.event) };
    let answer;
    try {
      answer = await this.http.send('POST', path, { key: entries[0].tenant.key, body });
    } catch {
      return false; // refused, reset, or no answer in time
    }
    if (answer.status === 503) return false;
    if (answer.status !== 202) {
      this.wrongAnswers.push(`${path}: ${answer.status} ${answer.body.detail}`);
      return false;
    }
    this.noteResults(entries, single ? [answer.body] : answer.body.results, single);
    return true;
  }

  noteResults(entries, results, single) {
    entries.forEach((entry, index) => {
      const result = results[index];
      const isAck = single ? result.event_id === entry.event.event_id : /^(accepted|duplicate)$/.test(result?.status);
      if (isAck) this.journal.acknowledge(entry, result.id);
      else this.wrongAnswers.push(`${entry.event.event_id}: ${JSON.stringify(result)}`);
    });
  }

  noteAnswer(startedAt) {
    const now = performance.now();
    this.waitingForAnswer = this.waitingForAnswer.filter(({ since, resolve }) => {
      if (startedAt < since) return true;
      resolve(now);
      return false;
    });
  }
}
