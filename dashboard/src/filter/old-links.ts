import { printFilter } from './filter-text.js';

/** Addresses of the overview named one client and one type; they mean a filter now. */
const OLD_NAMES = { client: 'client_id', type: 'event_type' } as const;

export function withFilter(params: URLSearchParams): URLSearchParams {
  const old = Object.entries(OLD_NAMES).flatMap(([name, property]) => {
    const value = params.get(name);
    return value === null || value === '' ? [] : [printFilter({ property, op: 'is', value })];
  });
  if (old.length === 0) return params;
  const next = new URLSearchParams(params);
  for (const name of Object.keys(OLD_NAMES)) next.delete(name);
  const given = params.get('filter');
  next.set('filter', [...old, ...(given === null ? [] : [`(${given})`])].join(' and '));
  return next;
}
