import { api } from '../../api/client.js';
import { useGet, useLoad } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { asQuery, type Period } from '../../app/range.js';
import { asked, bodyOf, isNarrowed } from '../../filter/asked.js';
import { zone } from '../../ui/format.js';
import type { Range } from '../../ui/time.js';
import { type Series, toSeries } from './numbers.js';

type Question = Pick<Schema<'AnalyticsQueryDto'>, 'measure' | 'breakdown' | 'interval'>;

const EVERY_MS = 60_000;

/** A question about the events that are asked for. Of all events rollups know more, which have other routes. */
export function useNarrowedQuery(range: Range, question: Question, enabled: boolean) {
  const body = { ...question, ...asQuery(range), ...bodyOf(asked.value), tz: zone(), limit: limitOf(question) };
  const load = () => api.post('/analytics/query', { body });
  return useLoad(['/analytics/query', body], load, { enabled, every: EVERY_MS });
}

const limitOf = ({ breakdown }: Question) => (breakdown === undefined ? undefined : 1_000);

/** Events, or distinct users or sessions, over time. */
export function useCounted(
  range: Range,
  measure: Question['measure'],
  interval: Period['interval'],
  enabled: boolean,
): Series | undefined {
  const narrowed = useNarrowedQuery(range, { measure, interval }, enabled && isNarrowed.value);
  const query = { ...asQuery(range), tz: zone(), interval, measure };
  const all = useGet('/analytics/timeseries', query, { enabled: enabled && !isNarrowed.value, every: EVERY_MS });
  if (isNarrowed.value) return seriesOf(narrowed, (data) => toSeries(data.data.map(toPoint), ({ count }) => count));
  return seriesOf(all, (data) => toSeries(data.data, ({ count }) => count));
}

const toPoint = ({ bucket, value }: Schema<'QueryRow'>) => ({ bucket: bucket ?? '', count: value });

const seriesOf = <T>({ data, isOld }: { data: T | undefined; isOld: boolean }, read: (data: T) => Series) =>
  data === undefined || isOld ? undefined : read(data);
