import type { FieldError } from '../../platform/http/problem.js';
import { type EntryContent, RECORDED_ACTIONS, SEVERITIES } from './entry.js';
import { readFields } from './field-reader.js';

const FIELDS = new Set([
  'action_type',
  'resource_type',
  'resource_id',
  'severity',
  'status',
  'user_id',
  'session_id',
  'ip_address',
  'user_agent',
  'message',
  'before_state',
  'after_state',
  'metadata',
  'occurred_at',
  'idempotency_key',
]);
const MAX_USER_AGENT = 1_024;

/** Checks one entry of POST /logs by hand: class-transformer over states of a thousand keys would block the process. */
export function parseEntry(raw: unknown, fallbackKey?: string): EntryContent | FieldError {
  return readFields(raw, FIELDS, (fields) => ({
    action_type: fields.oneOf('action_type', RECORDED_ACTIONS),
    resource_type: fields.required('resource_type'),
    resource_id: fields.required('resource_id'),
    severity: fields.oneOf('severity', SEVERITIES, 'INFO'),
    status: fields.text('status'),
    user_id: fields.text('user_id'),
    session_id: fields.text('session_id'),
    ip_address: fields.address('ip_address'),
    user_agent: fields.text('user_agent', MAX_USER_AGENT),
    message: fields.prose('message'),
    before_state: fields.json('before_state', true),
    after_state: fields.json('after_state', true),
    metadata: fields.json('metadata'),
    functionality: null,
    event_type: null,
    store_id: null,
    company_id: null,
    idempotency_key: fields.text('idempotency_key') ?? fallbackKey ?? null,
    occurred_at: fields.time('occurred_at'),
  }));
}

export function isFieldError(result: EntryContent | FieldError): result is FieldError {
  return 'path' in result;
}
