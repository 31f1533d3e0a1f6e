import { computed, signal } from '@preact/signals';
import { QueryClient, QueryObserver, type QueryObserverResult } from '@tanstack/query-core';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError, api, type Answer, type PathOf, type Query, type RequestOptions, tenantId } from './client.js';

const REFRESH_MS = 15_000;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) =>
        failures < 2 && (!(error instanceof ApiError) || error.status === 503 || error.status === 0),
      retryDelay: (attempt) => 500 * 2 ** attempt,
      refetchIntervalInBackground: false,
      networkMode: 'always',
    },
  },
});

const fetching = signal(0);
queries.getQueryCache().subscribe(() => (fetching.value = queries.isFetching()));
/** Whether anything is being loaded. */
export const isLoading = computed(() => fetching.value > 0);

export interface Loaded<T> {
  data: T | undefined;
  error: ApiError | null;
  /** The data are those of an earlier question, shown until the answer comes. */
  isOld: boolean;
  isLoading: boolean;
  /** Milliseconds since 1970 at which the data came; 0 before. */
  asOf: number;
  retry: () => void;
}

export interface LoadOptions {
  enabled?: boolean;
  /** Milliseconds between two looks; false for none. */
  every?: number | false;
  body?: unknown;
  path?: Record<string, string>;
}

/** Loads `path` and keeps it up to date as long as the page is looked at. */
export function useGet<P extends PathOf<'get'>>(
  path: P,
  query: Query<'get', P> & RequestOptions['query'],
  options: LoadOptions = {},
): Loaded<Answer<'get', P>> {
  const parts = options.path ?? {};
  return useLoad(['get', path, parts, query], (abort) => api.get(path, { query, path: parts, signal: abort }), options);
}

export function useLoad<T>(
  key: readonly unknown[],
  load: (abort: AbortSignal) => Promise<T>,
  { enabled = true, every = REFRESH_MS }: LoadOptions = {},
): Loaded<T> {
  const whole = JSON.stringify([tenantId.value, ...key]);
  const observer = useMemo(() => new QueryObserver<T, Error>(queries, { queryKey: ['none'], enabled: false }), []);
  const [result, setResult] = useState<QueryObserverResult<T>>(() => observer.getCurrentResult());
  useEffect(() => observer.subscribe((next) => setResult(next)), [observer]);
  useEffect(() => {
    observer.setOptions({
      queryKey: [whole],
      queryFn: ({ signal: abort }) => load(abort),
      enabled,
      refetchInterval: every,
      placeholderData: (previous) => previous,
    });
    setResult(observer.getCurrentResult());
  }, [observer, whole, enabled, every]);
  return toLoaded(result);
}

function toLoaded<T>(result: QueryObserverResult<T>): Loaded<T> {
  const { error } = result;
  return {
    data: result.data,
    error: error === null ? null : error instanceof ApiError ? error : new ApiError(0, error.message),
    isOld: result.isPlaceholderData,
    isLoading: result.isFetching,
    asOf: result.dataUpdatedAt,
    retry: () => void result.refetch(),
  };
}

/** After a change: what starts with one of `paths` is asked again. */
export async function refresh(...paths: string[]): Promise<void> {
  await queries.invalidateQueries({
    predicate: ({ queryKey }) => paths.some((path) => String(queryKey[0]).includes(`"${path}`)),
  });
}
