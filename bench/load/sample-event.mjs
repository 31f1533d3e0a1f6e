import { randomUUID } from 'node:crypto';

const TYPES = [
  'page_view',
  'product_view',
  'search',
  'add_to_cart',
  'checkout_started',
  'purchase',
  'sign_in',
  'share',
];
const PAGES = ['/', '/cart', '/search', '/products/oak-table', '/products/lamp', '/account', '/checkout', '/help'];
const USERS = 10_000;

/** Event `n`: the same content for every side and run, about 200 bytes of JSON. @param {string} eventId */
export function sampleEvent(n, eventId) {
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0; // scatters users and types over the indexes, as people do
  const user = mixed % USERS;
  return {
    event_id: eventId,
    event_type: TYPES[mixed >>> 29],
    user_id: `user-${String(user).padStart(5, '0')}`,
    session_id: `s-${user.toString(36)}-${mixed >>> 28}`,
    payload: { page: PAGES[(mixed >>> 20) & 7], price: (mixed % 10_000) / 100, currency: 'EUR', position: mixed & 15 },
  };
}

/** Ids that look like the UUIDs clients make, without the cost of making each at random. */
export class EventIds {
  prefix = randomUUID().slice(0, 24);
  count = 0;

  next() {
    return this.prefix + this.nextTail();
  }

  /** The 12 characters in which the ids differ. */
  nextTail() {
    return (this.count++).toString(16).padStart(12, '0');
  }
}
