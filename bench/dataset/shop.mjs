import { mix, mulberry32, pick } from '../../dist/events/sample-data/seeded-random.js';

/** What happens in an invented shop, made for speed: some millions of events a minute. */

export const TYPES = [
  ...['page_view', 'product_view', 'search', 'filter_applied', 'add_to_cart', 'remove_from_cart', 'wishlist_add'],
  ...['checkout_started', 'payment_info_added', 'coupon_applied', 'purchase_completed', 'login', 'signup', 'logout'],
  ...['share', 'review_posted', 'video_play', 'newsletter_signup', 'support_opened', 'error'],
];
export const CLIENTS = ['web', 'ios', 'android', 'pos'];

const T = Object.fromEntries(TYPES.map((type, n) => [type, n]));
/** What a visitor does between pages, and how commonly. */
const DETOURS = ['search', 'filter_applied', 'wishlist_add', 'share', 'video_play', 'review_posted', 'error'].map(
  (type) => T[type],
);
const CLIENT_SHARES = [0.55, 0.8, 0.97, 1];
const HOURS = [8, 5, 3, 2, 2, 3, 6, 12, 20, 26, 30, 33, 36, 34, 31, 30, 31, 34, 38, 43, 46, 40, 28, 16];
const WEEKDAYS = [0.85, 1.05, 1.1, 1.1, 1.05, 1, 0.75];
const EVENTS_PER_USER = 150;
export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const COUNTRIES = ['US USD', 'US USD', 'US USD', 'CA CAD', 'DE EUR', 'DE EUR', 'FR EUR', 'GB GBP', 'JP JPY'];
const DEVICES = ['desktop Chrome', 'desktop Firefox', 'mobile Chrome', 'mobile Safari', 'tablet Safari'];
const CAMPAIGNS = ['none', 'none', 'none', 'spring-sale', 'newsletter-17', 'partner-9'];
const CATEGORIES = ['outdoor', 'sport', 'electronics', 'home', 'books'];

/** How many of `total` events happen on each of the `days` days before `endMs`; a week has its rhythm. */
export function spreadOverDays(total, days, endMs) {
  const weights = Array.from({ length: days }, (_, n) => WEEKDAYS[new Date(endMs - (days - n) * DAY_MS).getUTCDay()]);
  const sum = weights.reduce((a, b) => a + b, 0);
  let done = 0;
  let share = 0;
  return weights.map((weight) => {
    share += weight / sum;
    const count = Math.round(total * share) - done;
    done += count;
    return count;
  });
}

/**
 * The visits of one day, the same for the same seed: who, from where, and what they did when.
 *
 * @param {{seed: number, day: number, count: number, total: number}} options
 * @returns {{order: Float64Array, types: Uint8Array, visitOf: Uint32Array, visits: Visit[]}}
 *   `order` holds milliseconds of the day times 2^20 plus the number of the event, sorted
 */
export function makeDay({ seed, day, count, total }) {
  const random = mulberry32(mix(seed, day));
  const users = Math.max(100, Math.ceil(total / EVENTS_PER_USER));
  const order = new Float64Array(count);
  const types = new Uint8Array(count);
  const visitOf = new Uint32Array(count);
  const visits = [];
  for (let n = 0; n < count;) {
    // Some come far more often than others: the power makes a few users heavy.
    const user = Math.floor(users * random() ** 1.5);
    let at = startOf(random());
    for (const type of planVisit(random)) {
      if (n === count) break;
      order[n] = Math.min(Math.floor(at), DAY_MS - 1) * 2 ** 20 + n;
      types[n] = type;
      visitOf[n] = visits.length;
      at += 1_000 - Math.log(1 - random()) * 35_000;
      n += 1;
    }
    visits.push(describeVisit(random, user, day, visits.length));
  }
  order.sort();
  return { order, types, visitOf, visits };
}

const HOUR_SUM = HOURS.reduce((a, b) => a + b, 0);

/** A share of the day's visits → milliseconds of the day. */
function startOf(position) {
  let left = position * HOUR_SUM;
  let hour = 0;
  while (left >= HOURS[hour] && hour < 23) left -= HOURS[hour++];
  return hour * HOUR_MS + (left / HOURS[hour]) * HOUR_MS * 0.97;
}

function planVisit(random) {
  const steps = [T.page_view];
  const arrival = random();
  if (arrival < 0.08) steps.push(T.signup);
  else if (arrival < 0.4) steps.push(T.login);
  while (random() < 0.62 && steps.length < 14) {
    steps.push(random() < 0.7 ? T.page_view : DETOURS[Math.floor(random() ** 2 * DETOURS.length)]);
  }
  if (random() < 0.55) return steps;
  do steps.push(T.product_view);
  while (random() < 0.5 && steps.length < 24);
  if (random() > 0.4) return steps;
  steps.push(T.add_to_cart);
  if (random() < 0.1) steps.push(T.remove_from_cart);
  if (random() > 0.55) return steps;
  steps.push(T.checkout_started);
  if (random() < 0.15) steps.push(T.coupon_applied);
  if (random() > 0.75) return steps;
  steps.push(T.payment_info_added);
  if (random() < 0.85) steps.push(T.purchase_completed);
  if (random() < 0.05) steps.push(T.newsletter_signup);
  if (random() < 0.04) steps.push(T.support_opened);
  if (random() < 0.2) steps.push(T.logout);
  return steps;
}

/** @typedef {{user: string, session: string, client: number, context: string, product: number}} Visit */

/** @returns {Visit} */
function describeVisit(random, user, day, number) {
  const traits = mulberry32(mix(user, 77));
  const share = traits();
  const [country, currency] = pick(traits, COUNTRIES).split(' ');
  const [device, browser] = pick(traits, DEVICES).split(' ');
  const campaign = pick(random, CAMPAIGNS);
  return {
    user: `user-${String(user).padStart(7, '0')}`,
    session: `s-${day.toString(36)}-${number.toString(36)}`,
    client: CLIENT_SHARES.findIndex((limit) => share < limit),
    context: `"country": "${country}", "currency": "${currency}", "device": "${device}", "browser": "${browser}", "campaign": "${campaign}", "variant": "${random() < 0.5 ? 'a' : 'b'}"`,
    product: Math.floor(random() ** 2 * 2_000),
  };
}

/** 200 to 400 bytes of JSON; nothing in it wants escaping in COPY's text format. @param {Visit} visit */
export function payloadOf(type, { context, product, session }, n) {
  const price = ((product * 37) % 20_000) / 100 + 5;
  const common = `{${context}, "page_url": "/${TYPES[type].replaceAll('_', '-')}/${product}", "position": ${n % 24}, "load_ms": ${(n * 7919) % 1_900}`;
  const goods = `"product_id": "p-${product}", "category": "${CATEGORIES[product % 5]}", "price": ${price}, "quantity": ${1 + (n % 3)}`;
  if (type === T.purchase_completed)
    return `${common}, ${goods}, "order_id": "o-${session}-${n}", "revenue": ${price * 2}}`;
  if (type === T.search) return `${common}, "query": "${CATEGORIES[n % 5]} ${n % 97}", "results": ${n % 60}}`;
  return type === T.page_view || type === T.error
    ? `${common}, "title": "Page ${n % 53} of the shop"}`
    : `${common}, ${goods}}`;
}
