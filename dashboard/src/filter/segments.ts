import { useGet } from '../api/query.js';

/** The API keeps at most a hundred. */
export const useSegments = (enabled = true) => useGet('/segments', { limit: 200 }, { enabled, every: false });

/** A segment may be named by its id, as saved funnels do. */
export function useSegmentName(segment: string | undefined): string | undefined {
  const { data } = useSegments(segment !== undefined);
  return data?.data.find(({ id }) => id === segment)?.name ?? segment;
}
