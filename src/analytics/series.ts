import { toIso } from '../platform/query.dto.js';
import type { TimeseriesPoint } from './analytics.dto.js';
import type { BucketCount, SeriesGroup } from './event-counts.repository.js';

/** Every bucket of every series, 0 where nothing was counted. */
export function fillSeries(
  starts: readonly number[],
  rows: readonly BucketCount[],
  group?: SeriesGroup,
): TimeseriesPoint[] {
  const groups = [...new Set(rows.map((row) => row.group))].sort();
  const places = new Map((group === undefined ? [null] : groups).map((name, place) => [name, place]));
  const buckets = starts.map(toIso);
  const points = buckets.flatMap((bucket) =>
    [...places.keys()].map((name): TimeseriesPoint =>
      group === undefined ? { bucket, count: 0 } : { bucket, count: 0, [group]: name },
    ),
  );
  for (const row of rows) points[(row.n - 1) * places.size + places.get(row.group)!]!.count = row.count;
  return points;
}
