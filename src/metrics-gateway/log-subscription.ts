import { ACTION_TYPES, type ExportedEntry, SEVERITIES } from '../audit/entries/entry.js';
import { badRequest } from '../platform/http/problem.js';
import { isUuid } from '../platform/database/uuid7.js';

const MAX_LENGTH = 255;
const FILTERS = ['action_type', 'severity', 'resource_type'] as const;
const IDS = ['after', 'tenant_id'] as const;

/** What a client of `/logs` wants. */
export interface LogSubscription {
  filter: Partial<Record<(typeof FILTERS)[number], string>>;
  after: string | undefined;
  tenant_id: string | undefined;
}

/** Absent and null are the same here: no wish. @throws Problem 400 for what is no subscription */
export function parseLogSubscription(message: unknown): LogSubscription {
  if (message === undefined || message === null) return { filter: {}, after: undefined, tenant_id: undefined };
  if (typeof message !== 'object' || Array.isArray(message) || Buffer.isBuffer(message)) {
    throw badRequest('A subscription is an object like {"severity": "ERROR"}.');
  }
  const entries = Object.entries(message).filter(([, value]) => value !== null && value !== undefined);
  for (const [name, value] of entries) check(name, value);
  const given = Object.fromEntries(entries) as Record<string, string>;
  const filter = Object.fromEntries(entries.filter(([name]) => FILTERS.some((known) => known === name)));
  return { filter, after: given['after']?.toLowerCase(), tenant_id: given['tenant_id']?.toLowerCase() };
}

function check(name: string, value: unknown): void {
  if (![...FILTERS, ...IDS].some((known) => known === name)) {
    throw badRequest(`A subscription has no field "${name.slice(0, 50)}".`);
  }
  if (typeof value !== 'string' || value.length < 1 || value.length > MAX_LENGTH) {
    throw badRequest(`${name} must be a text of 1 to ${MAX_LENGTH} characters.`);
  }
  if (IDS.some((known) => known === name) && !isUuid(value)) throw badRequest(`${name} must be a UUID.`);
  if (name === 'action_type') requireOneOf(name, ACTION_TYPES, value);
  if (name === 'severity') requireOneOf(name, SEVERITIES, value);
}

function requireOneOf(name: string, values: readonly string[], value: string): void {
  if (!values.includes(value)) throw badRequest(`${name} must be one of ${values.join(', ')}.`);
}

export function matches({ filter }: LogSubscription, entry: ExportedEntry): boolean {
  return FILTERS.every((name) => filter[name] === undefined || filter[name] === entry[name]);
}
