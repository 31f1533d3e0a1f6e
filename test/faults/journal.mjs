import { Random } from './random.mjs';

const HOUR_MS = 3_600_000;
const EVENT_TYPES = ['page_view', 'button_click', 'form_submit', 'purchase', 'sign_up', 'søk 🔎'];

/**
 * What the client knows: every event it sent and every answer it got.
 *
 * @typedef {object} Tenant
 * @property {string} id
 * @property {string} clientId
 * @property {string} key
 *
 * @typedef {object} Entry
 * @property {Tenant} tenant
 * @property {{event_id: string, event_type: string, event_time?: string}} event as sent, each time the same
 * @property {string | null} id the server's id, from the first answer that gave one
 */
export class Journal {
  /** @param {number} seed @param {string} run part of every event_id @param {Tenant[]} tenants */
  constructor(seed, run, tenants) {
    this.random = new Random(seed, `${run} events`);
    this.run = run;
    this.tenants = tenants;
    /** @type {Map<string, Entry[]>} by tenant id, in the order they were made */
    this.entries = new Map(tenants.map((tenant) => [tenant.id, []]));
    this.sent = 0;
    this.acked = 0;
    /** Answers that cannot all be true, in words. @type {string[]} */
    this.contradictions = [];
  }

  /** A new event of `tenant`. @returns {Entry} */
  add(tenant) {
    const entry = { tenant, event: this.makeEvent(this.sent), id: null };
    this.sent += 1;
    this.entries.get(tenant.id).push(entry);
    return entry;
  }

  /** An event that was sent before, mostly a recent one: it may still wait for its first answer. @returns {Entry} */
  pickEarlier(tenant) {
    const entries = this.entries.get(tenant.id);
    if (entries.length === 0) return this.add(tenant);
    const span = this.random.chance(0.7) ? Math.min(entries.length, 50) : entries.length;
    return entries[entries.length - this.random.integer(1, span)];
  }

  /** Notes that the server has `entry` under `id`. One event has one id, however often it is sent. */
  acknowledge(entry, id) {
    if (entry.id === null) {
      entry.id = id;
      this.acked += 1;
    } else if (entry.id !== id) {
      this.contradictions.push(`${entry.event.event_id} was first ${entry.id}, then ${id}`);
    }
  }

  makeEvent(n) {
    const { random } = this;
    const time = this.makeTime();
    return {
      event_id: `${this.run}-${n}`,
      event_type: random.pick(EVENT_TYPES),
      user_id: `user-${random.integer(1, 500)}`,
      session_id: `session-${random.integer(1, 2_000)}`,
      ...(time === null ? {} : { event_time: new Date(time).toISOString() }),
      payload: { n, price: random.integer(1, 99_999) / 100, note: 'x'.repeat(random.integer(0, 200)) },
    };
  }

  /** Absent mostly; else hours ago, sometimes months, so that old buckets of the rollups are hit as well. */
  makeTime() {
    const draw = this.random.next();
    if (draw < 0.7) return null;
    const hoursAgo = draw < 0.96 ? this.random.between(0, 6) : this.random.between(6, 24 * 300);
    return Math.floor(Date.now() - hoursAgo * HOUR_MS);
  }
}
