import { computed, signal } from '@preact/signals';
import { zone } from '../ui/format.js';
import { DAY, iso, MINUTE, periodBefore, type Range, type RangeName, rangeOf, RANGES } from '../ui/time.js';
import { param } from './router.js';

const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), MINUTE / 2);

function isRangeName(name: string | null): name is RangeName {
  return name !== null && name in RANGES;
}

export interface Period extends Range {
  label: string;
  /** Up to now: the last bucket is not over. */
  isOpen: boolean;
  interval: 'minute' | 'hour' | 'day' | 'week' | 'month';
}

/** The range of the address: one with a name, which ends now, or two instants. */
export const period = computed<Period>(() => {
  const minute = Math.floor(now.value / MINUTE) * MINUTE;
  const [from, to] = [Date.parse(param('from') ?? ''), Date.parse(param('to') ?? '')];
  if (from < to) {
    return { from, to, label: 'Chosen range', isOpen: to > minute, interval: intervalOf(to - from) };
  }
  const given = param('range');
  const name = isRangeName(given) ? given : '7d';
  const range = rangeOf(name, minute, zone());
  return { ...range, label: RANGES[name].label, isOpen: true, interval: intervalOf(range.to - range.from) };
});

export const before = computed(() => periodBefore(period.value));
export const isCompared = computed(() => param('compare') !== 'off');

/** As query parameters. */
export const asQuery = ({ from, to }: Range) => ({ from: iso(from), to: iso(to) });

function intervalOf(length: number): Period['interval'] {
  const days = length / DAY;
  if (days <= 0.15) return 'minute';
  if (days <= 8) return 'hour';
  if (days <= 100) return 'day';
  return days <= 730 ? 'week' : 'month';
}
