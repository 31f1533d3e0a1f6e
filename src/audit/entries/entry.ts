import { hash } from 'node:crypto';
import { formatUuid, parseUuid, uuid7Bytes, uuid7Time } from '../../platform/database/uuid7.js';
import { canonicalJson, type JsonValue } from '../transparency-log/canonical-json.js';
import type { EntryColumns, PersonalField, SealableEntry } from '../transparency-log/leaf.js';

/** What a caller may record. */
export const RECORDED_ACTIONS = ['CREATE', 'UPDATE', 'DELETE', 'VIEW'] as const;
/** EVENT: an audit event with functionality and event type, which has no action. */
export const ACTION_TYPES = [...RECORDED_ACTIONS, 'EVENT'] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

export const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The source of an entry: a caller of the API, or Tidemark, for changes of itself. */
export const SOURCES = ['api', 'tidemark'] as const;
export type Source = (typeof SOURCES)[number];

/** An entry as the ndjson export shows it. */
export interface ExportedEntry extends SealableEntry {
  /** When an erasure last removed or redacted something. */
  erased_at: string | null;
  erased_fields: PersonalField[] | null;
  redacted_fields: PersonalField[] | null;
}

/** An entry as it is shown to people. */
export interface ShownEntry extends ExportedEntry {
  /** Whether it was removed and came back from an archive. */
  restored: boolean;
}

/** The content of an entry, before it has an id. */
export interface EntryContent {
  action_type: ActionType;
  resource_type: string;
  resource_id: string;
  severity: Severity;
  status: string | null;
  user_id: string | null;
  session_id: string | null;
  ip_address: string | null;
  user_agent: string | null;
  message: string | null;
  before_state: JsonValue;
  after_state: JsonValue;
  metadata: JsonValue;
  functionality: string | null;
  event_type: string | null;
  store_id: number | null;
  company_id: number | null;
  idempotency_key: string | null;
  /** Milliseconds since 1970; null means the time of recording. */
  occurred_at: number | null;
}

/** Who records an entry: the tenant it belongs to, the application and its key. */
export interface Recorder {
  readonly tenantId: string;
  readonly clientId: string;
  readonly keyId: string | null;
}

/** An entry ready to be stored; the writer seals what it stores. */
export interface NewEntry {
  id: string;
  columns: EntryColumns;
  /** Place in the ledger of idempotency keys, 16 bytes; null without a key. */
  ledgerKey: Buffer | null;
  /** 16 bytes that stand for the content. */
  fingerprint: Buffer | null;
}

/** @throws TypeError when the content holds what JSON cannot say */
export function newEntry(content: EntryContent, by: Recorder, source: Source = 'api'): NewEntry {
  const id = uuid7Bytes();
  const createdAt = uuid7Time(id);
  const key = content.idempotency_key;
  return {
    id: formatUuid(id),
    columns: {
      ...content,
      id,
      tenant_id: parseUuid(by.tenantId),
      source,
      client_id: by.clientId,
      key_id: by.keyId === null ? null : parseUuid(by.keyId),
      occurred_at: content.occurred_at ?? createdAt,
      created_at: createdAt,
      before_state: toJson(content.before_state),
      after_state: toJson(content.after_state),
      metadata: toJson(content.metadata),
    },
    ledgerKey: key === null ? null : digest(`${by.tenantId}\0${by.clientId}\0${key}`),
    fingerprint: key === null ? null : digest(canonicalJson({ ...content })),
  };
}

/** Serialised once: this text is stored, and this text is sealed. */
const toJson = (value: JsonValue): string | null => (value === null ? null : canonicalJson(value));

/** The first 16 bytes of a SHA-256. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, 16);
}

/** An entry with only the fields that every entry has; the caller fills in the rest. */
export function blankContent(action: ActionType, resourceType: string, resourceId: string): EntryContent {
  return {
    action_type: action,
    resource_type: resourceType,
    resource_id: resourceId,
    severity: 'INFO',
    status: null,
    user_id: null,
    session_id: null,
    ip_address: null,
    user_agent: null,
    message: null,
    before_state: null,
    after_state: null,
    metadata: null,
    functionality: null,
    event_type: null,
    store_id: null,
    company_id: null,
    idempotency_key: null,
    occurred_at: null,
  };
}
