import { mix, mulberry32, pick, type Random } from './seeded-random.js';

export type Payload = Record<string, string | number>;

/** A current visit. */
export interface Session {
  id: string;
  random: Random;
  steps: readonly string[];
  next: number;
  timeMs: number;
  user: number;
  order: string;
  context: Payload;
  product: (typeof PRODUCTS)[number];
  quantity: number;
}

/** Lists to draw from; frequent values occur more than once. */
const COUNTRIES = ['US USD', 'US USD', 'US USD', 'CA CAD', 'DE EUR', 'DE EUR', 'FR EUR', 'GB GBP', 'GB GBP', 'JP JPY'];
const DEVICES = [
  'desktop Chrome',
  'desktop Chrome',
  'desktop Firefox',
  'mobile Chrome',
  'mobile Safari',
  'tablet Safari',
];
const REFERRERS = ['', '', 'https://www.google.com/', 'https://www.google.com/', 'https://news.example.com/'];
const PAGES = ['/', '/', '/products', '/products', '/deals', '/blog', '/pricing', '/about', '/help'];
const QUERIES = ['backpack', 'rain jacket', 'headphones', 'desk lamp', 'running shoes', 'water bottle'];
const ERRORS = ['NETWORK_TIMEOUT', 'PAYMENT_DECLINED', 'OUT_OF_STOCK', 'FORM_INVALID'];
const PRODUCTS = [
  { product_id: 'p-101', product_name: 'Trail Backpack 30L', category: 'outdoor', price: 89.9 },
  { product_id: 'p-102', product_name: 'Rain Jacket', category: 'outdoor', price: 129 },
  { product_id: 'p-103', product_name: 'Steel Water Bottle', category: 'outdoor', price: 24.5 },
  { product_id: 'p-201', product_name: 'Running Shoes', category: 'sport', price: 109.95 },
  { product_id: 'p-202', product_name: 'Yoga Mat', category: 'sport', price: 34.9 },
  { product_id: 'p-301', product_name: 'Wireless Headphones', category: 'electronics', price: 199 },
  { product_id: 'p-302', product_name: 'Desk Lamp', category: 'electronics', price: 49.9 },
];
export function openSession(id: string, random: Random, user: number, timeMs: number): Session {
  // Drawn from the number of the user: returning users come from the same country, on the same device.
  const traits = mulberry32(mix(user, -2));
  const [country = '', currency = ''] = pick(traits, COUNTRIES).split(' ');
  const [device_type = '', browser = ''] = pick(traits, DEVICES).split(' ');
  const context = { device_type, browser, country, currency, referrer: pick(random, REFERRERS) };
  const quantity = 1 + Math.floor(random() ** 3 * 4);
  return {
    id,
    random,
    steps: [],
    next: 0,
    timeMs,
    user,
    order: '',
    context,
    product: pick(random, PRODUCTS),
    quantity,
  };
}

/** The properties of one step. */
export function describeStep(eventType: string, { order, random, product, quantity }: Session): Payload {
  const value = Math.round(product.price * quantity * 100) / 100;
  switch (eventType) {
    case 'product_view':
      return { page_url: `/products/${product.product_id}`, ...product };
    case 'add_to_cart':
      return { page_url: `/products/${product.product_id}`, ...product, quantity };
    case 'checkout_started':
      return { page_url: '/checkout', cart_value: value, items: quantity };
    case 'purchase_completed':
      return { page_url: '/checkout/done', order_id: order, revenue: value, items: quantity };
    case 'search':
      return { page_url: '/search', query: pick(random, QUERIES), results: Math.floor(random() * 40) };
    case 'error':
      return { page_url: pick(random, PAGES), error_code: pick(random, ERRORS) };
    case 'signup':
    case 'login':
      return { page_url: `/${eventType}`, method: random() < 0.6 ? 'email' : 'google' };
    default:
      return { page_url: pick(random, PAGES) };
  }
}

/** The application an event comes from: the shop has a site and two apps. */
export function clientOf({ payload }: { payload: Payload }): string {
  if (payload['device_type'] !== 'mobile') return 'demo-web';
  return payload['browser'] === 'Safari' ? 'demo-ios' : 'demo-android';
}
