import { computed } from '@preact/signals';
import type { Schema } from '../../api/types.js';
import { param } from '../../app/router.js';
import { askedWords, split } from '../../filter/asked.js';
import { duration, exact, figure } from '../../ui/format.js';

/** What the overview knows; what is not loaded yet, or not asked for, is absent. */
export interface Numbers {
  overview: Schema<'OverviewResponse'>;
  asOf: number;
  previous: Schema<'OverviewResponse'> | undefined;
  processing: Schema<'ProcessingMetricsResponse'> | undefined;
  earlier: Schema<'ProcessingMetricsResponse'> | undefined;
}

export interface Measure {
  label: string;
  /** Whether more of it is better. */
  isGood: boolean;
  value: (numbers: Numbers) => number | null | undefined;
  earlier: (numbers: Numbers) => number | null | undefined;
  print: (value: number | null | undefined) => string;
  printExact: (value: number | null | undefined) => string;
  what: string;
  method: (numbers: Numbers) => string;
  /** Of the processing of events, which is known by client only. */
  isProcessing?: boolean;
}

/** Whether failures and latencies are known for what is asked: of all events, or of one client. */
export const isProcessingKnown = computed(() => {
  const { filter, segment, event_type } = split.value;
  return filter === undefined && segment === undefined && event_type === undefined;
});

export const NOT_NARROWED = 'Failures and the time to count are known by client alone, not with this filter.';

/** Whether there is a number of this measure for what is asked. */
export const isKnown = ({ isProcessing = false }: Measure): boolean => !isProcessing || isProcessingKnown.value;

/** What a measure is narrowed to, for "how counted". */
export const narrowedTo = (measure: Measure): string | undefined => (isKnown(measure) ? askedWords.value : undefined);

const counts = { print: figure, printExact: exact };
const METHODS = {
  exact: 'exact',
  sketch: 'estimate from a uniform sample of hashed ids; standard error at most 2 % up to a month',
  sample: 'estimate from a sample of users',
  none: 'not counted: the filter leaves more than 200,000 events',
};

const p95 = (data: Numbers['processing']) => data?.latency_ms.p95;

export const MEASURES = {
  events: {
    ...counts,
    label: 'Events',
    isGood: true,
    value: ({ overview }) => overview.summary.total_events,
    earlier: ({ previous }) => previous?.summary.total_events,
    what: 'Processed events by the time they happened. Failed ones and duplicates are not among them.',
    method: () => 'exact',
  },
  users: {
    ...counts,
    label: 'Users',
    isGood: true,
    value: ({ overview }) => overview.summary.unique_users,
    earlier: ({ previous }) => previous?.summary.unique_users,
    what: 'Different user ids of the events in the range. Events without one are of nobody.',
    method: ({ overview }) => METHODS[overview.summary.unique_users_method],
  },
  sessions: {
    ...counts,
    label: 'Sessions',
    isGood: true,
    value: ({ overview }) => overview.summary.unique_sessions,
    earlier: ({ previous }) => previous?.summary.unique_sessions,
    what: 'Different session ids of the events in the range.',
    method: ({ overview }) => METHODS[overview.summary.unique_sessions_method],
  },
  per_user: {
    ...counts,
    label: 'Events per user',
    isGood: true,
    value: ({ overview }) => (overview.summary.unique_users === 0 ? null : overview.summary.events_per_user),
    earlier: ({ previous }) => (previous?.summary.unique_users === 0 ? null : previous?.summary.events_per_user),
    what: 'Events divided by users.',
    method: ({ overview }) => METHODS[overview.summary.unique_users_method],
  },
  failed: {
    ...counts,
    label: 'Failed',
    isGood: false,
    value: ({ processing }) => processing?.failed,
    earlier: ({ earlier }) => earlier?.failed,
    what: 'Events that could not be processed, by the time it was tried. The dead letters have them.',
    method: () => (isProcessingKnown.value ? 'exact' : `not counted: ${NOT_NARROWED}`),
    isProcessing: true,
  },
  p95: {
    label: 'Time to count, p95',
    isGood: false,
    value: ({ processing }) => p95(processing),
    earlier: ({ earlier }) => p95(earlier),
    print: duration,
    printExact: duration,
    what: '95 % of the events were counted so soon after they were received.',
    method: () => (isProcessingKnown.value ? 'estimate from a histogram, within 1 %' : `not counted: ${NOT_NARROWED}`),
    isProcessing: true,
  },
} satisfies Record<string, Measure>;
export type MeasureName = keyof typeof MEASURES;

export const measureNames = Object.keys(MEASURES) as MeasureName[];

export function chosenMeasure(): MeasureName {
  const name = param('chart');
  return name !== null && name in MEASURES ? (name as MeasureName) : 'events';
}

export interface Series {
  buckets: number[];
  values: (number | null)[];
}

/** The series of a measure that is loaded with the page; the others have to be asked for. */
export function loadedSeries(
  name: MeasureName,
  overview: Numbers['previous'],
  processing: Numbers['processing'],
): Series | undefined {
  if (name === 'events' && overview !== undefined) {
    return toSeries(overview.trend, ({ count }) => count);
  }
  if (name === 'failed' && processing !== undefined) return toSeries(processing.series, ({ failed }) => failed);
  if (name === 'p95' && processing !== undefined)
    return toSeries(processing.series, ({ latency_ms }) => latency_ms.p95);
  return undefined;
}

export function toSeries<Point extends { bucket: string }>(
  points: readonly Point[],
  value: (point: Point) => number | null,
): Series {
  return { buckets: points.map(({ bucket }) => Date.parse(bucket)), values: points.map(value) };
}
