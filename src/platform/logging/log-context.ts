import { AsyncLocalStorage } from 'node:async_hooks';

/** Members that say which request a log line belongs to. */
export interface RequestFields {
  request_id?: string;
  tenant_id?: string;
}

const current = new AsyncLocalStorage<() => RequestFields>();

/**
 * Every line that is logged by `work`, and by what it waits for, has these members; asked for only when one is logged.
 */
export function withLogFields(fields: () => RequestFields, work: () => void): void {
  current.run(fields, work);
}

/** For work that a request starts and others share. */
export function outsideRequests<T>(work: () => T): T {
  return current.exit(work);
}

/** Members of a log line that is written now. */
export function logFields(): RequestFields {
  return current.getStore()?.() ?? {};
}
