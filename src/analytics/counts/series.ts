import { toIso } from '../../platform/time/time.js';
import type { TimeseriesPoint } from './analytics.dto.js';
import type { BucketCount, SeriesGroup } from './event-counts.repository.js';

/** Every bucket of every series, 0 where nothing was counted. */
export function fillSeries(
  starts: readonly number[],
  rows: readonly BucketCount[],
  group?: SeriesGroup,
): TimeseriesPoint[] {
  const names = group === undefined ? [null] : [...new Set(rows.map((row) => row.group))].sort();
  const places = new Map(names.map((name, place) => [name, place]));
  const points: TimeseriesPoint[] = [];
  for (const start of starts) {
    const bucket = toIso(start);
    for (const name of names) {
      points.push(group === undefined ? { bucket, count: 0 } : { bucket, count: 0, [group]: name });
    }
  }
  for (const { n, group: name, count, ...estimate } of rows) {
    Object.assign(points[(n - 1) * names.length + places.get(name)!]!, { count, ...estimate });
  }
  return points;
}
