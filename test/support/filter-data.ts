import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';
import { type FilteredEvent, type Json, Num, type OracleFilter } from './filter-oracle.js';

/** Texts that mean something to SQL, LIKE, patterns or sorting, and those beside them. */
const TEXTS = [
  ...[
    'pro',
    'PRO',
    'free',
    'prop',
    '',
    ' ',
    'a%b_c\\d',
    "' or 1=1 --",
    "'); drop table events; --",
    '$1',
    '{a,b}',
    'null',
  ],
  ...['Größe', 'é', 'e\u0301', '😀', '\uffff', 'z', 'Z', 'line\nbreak', 'tab\there', 'true', '1', '1.0', '{"a":1}'],
  ...['[redacted]', '(a+)+$', 'aaaaaaaaaaaaaaaaaaaaaaaa!', '2026-11-20', '\u0001', '"', '\\', '`', '--', '/* */', ';'],
];
const NUMBERS = [
  ...[
    '0',
    '-0',
    '1',
    '1.0',
    '1e0',
    '2',
    '-1',
    '0.1',
    '0.10',
    '0.1000000000000000055511151231257827',
    '1e21',
    '1E+2',
    '100',
  ],
  ...['9007199254740992', '9007199254740993', '1498392753700442112', '1498392753700442113', '5e-324', '-1e-7', '2.5'],
];
const PATTERNS = [
  ...[
    '^pro',
    'o$',
    '^pro$',
    '(?i)^pro$',
    '.',
    '^.{2}$',
    '^$',
    '[^a-z]',
    '[A-Z]',
    '\\d',
    '^\\d+(\\.\\d+)?$',
    '\\W',
    '\\w\\w',
  ],
  ...[
    '(a|b)*c?%',
    '(?:free|pro)p?$',
    'a{10,40}!',
    "'",
    '\\\\',
    '\\$1',
    '[\\]\\[]',
    '[\\d-]',
    '\\n',
    '😀|é',
    'x|',
    '(or|and) 1',
    '\\{',
    'a.*e',
  ],
];
const KEYS = [
  'plan',
  'n',
  'text',
  'flag',
  'data.ip',
  'payload.data.ip',
  'payload.plan',
  'items.0.sku',
  'http.status\\.code',
];
const PROPERTIES = [
  ...KEYS,
  ...[
    'payload.client_id',
    'enrichment.segment',
    'enrichment.geo.city',
    'missing',
    'enrichment.missing',
    'data',
    'plan.deeper',
  ],
  ...['event_type', 'client_id', 'user_id', 'session_id', 'event_time'],
];
const FIELDS = ['event_type', 'client_id', 'user_id', 'session_id'];
const TYPES = ['view', 'buy', "it's"];
const TEXT_OPS = ['contains', 'not_contains', 'starts_with', 'matches'];
const ORDER_OPS = ['gt', 'gte', 'lt', 'lte'];
const START = Date.parse('2026-10-01T00:00:00Z');

/** Events and questions about them, from a seed. */
export class FilterData {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = mulberry32(seed);
  }

  below = (limit: number): number => Math.floor(this.random() * limit);
  pick = <T>(items: readonly T[]): T => items[this.below(items.length)]!;

  events(count: number): FilteredEvent[] {
    return Array.from({ length: count }, (_, n) => ({
      event_id: `f-${n}`,
      event_type: this.pick(TYPES),
      client_id: this.pick(['shop', 'app']),
      user_id: this.pick([null, 'u-1', 'u-2', 'Ünï', "u'3"]),
      session_id: this.pick([null, 's-1', 's-2']),
      event_time: this.time(),
      payload: this.payload(),
      enrichment: this.pick<FilteredEvent['enrichment']>([
        null,
        {},
        { segment: this.scalar() },
        { geo: { city: this.pick(TEXTS) }, segment: this.scalar() },
        { 'geo.city': this.scalar(), geo: { city: 'beside' } },
      ]),
    }));
  }

  private payload(): { [name: string]: Json } {
    const members: { [name: string]: Json } = {
      plan: this.scalar(),
      n: new Num(this.pick(NUMBERS)),
      text: this.pick(TEXTS),
      flag: this.below(2) === 0,
      data: this.pick<Json>([{ ip: this.scalar() }, { ip: { deep: new Num('1') } }, [], null, 'data']),
      'data.ip': this.scalar(),
      items: [{ sku: this.scalar() }],
      http: { 'status.code': new Num(this.pick(['200', '404'])) },
      client_id: this.pick(['shop', 'mine']),
    };
    const isThere = (name: string) => this.below(8) < (name === 'data.ip' ? 2 : 6);
    return Object.fromEntries(Object.entries(members).filter(([name]) => isThere(name)));
  }

  /** Of a depth from 0 to 3. */
  filter(depth = this.pick([0, 1, 1, 2, 3])): OracleFilter {
    if (depth === 0) return this.condition();
    const parts = Array.from({ length: 1 + this.below(3) }, () => this.filter(depth - 1 - this.below(depth)));
    return this.below(2) === 0 ? { and: parts } : { or: parts };
  }

  private condition(): OracleFilter {
    const property = this.pick(PROPERTIES);
    if (this.below(8) === 0) return { property, op: this.pick(['is_set', 'is_not_set']) };
    if (property === 'event_time') return this.timeCondition();
    const isField = FIELDS.includes(property);
    const scalar = () =>
      isField ? this.pick<Json>([null, ...TYPES, 'shop', 'u-1', "u'3", 's-1', this.pick(TEXTS)]) : this.scalar();
    const comparable = (isText: boolean): Json => (isText || isField ? this.pick(TEXTS) : new Num(this.pick(NUMBERS)));
    const kind = this.below(5);
    if (kind === 0) return { property, op: this.pick(['is', 'is_not']), value: scalar() };
    if (kind === 1) {
      return { property, op: this.pick(['in', 'not_in']), value: Array.from({ length: 1 + this.below(5) }, scalar) };
    }
    const isText = this.below(2) === 0;
    if (kind === 2) return { property, op: this.pick(ORDER_OPS), value: comparable(isText) };
    if (kind === 3) {
      const bounds = [comparable(isText), comparable(isText)];
      return { property, op: 'between', value: bounds };
    }
    const op = this.pick(TEXT_OPS);
    return {
      property,
      op,
      value: op === 'matches' ? this.pick(PATTERNS) : this.pick(TEXTS.filter((text) => text !== '')),
    };
  }

  private timeCondition(): OracleFilter {
    const property = 'event_time';
    const kind = this.below(3);
    if (kind === 0) return { property, op: this.pick(['is', 'is_not', ...ORDER_OPS]), value: this.time() };
    if (kind === 1) return { property, op: this.pick(['in', 'not_in']), value: [this.time(), this.time()] };
    return { property, op: 'between', value: [this.time(), this.time()].sort() };
  }

  private time = (): string => new Date(START + this.below(48) * 3_600_000).toISOString();
  private scalar = (): Json =>
    this.pick<Json>([null, true, false, this.pick(TEXTS), this.pick(TEXTS), new Num(this.pick(NUMBERS))]);
}
