import { hash } from 'node:crypto';
import { formatUuid, parseUuid, uuid7Bytes, uuid7Time } from '../../platform/uuid7.js';
import { canonicalJson, type JsonValue } from '../proofs/canonical-json.js';
import { buildLeaf, microseconds, newSalt, type SealableEntry } from '../proofs/leaf.js';

/** What a caller may record. */
export const RECORDED_ACTIONS = ['CREATE', 'UPDATE', 'DELETE', 'VIEW'] as const;
/** EVENT: an audit event of the functionality and event type kind, which has no action. */
export const ACTION_TYPES = [...RECORDED_ACTIONS, 'EVENT'] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

export const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** An entry as the ndjson export shows it. */
export interface ExportedEntry extends SealableEntry {
  erased_at: string | null;
}

/** What an entry says, before it has an id. */
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
  /** Milliseconds since 1970; null means when it is recorded. */
  occurred_at: number | null;
}

/** Who records an entry: the tenant it belongs to, the application and its key. */
export interface Recorder {
  readonly tenantId: string;
  readonly clientId: string;
  readonly keyId: string | null;
}

/** An entry ready to be stored. */
export interface NewEntry {
  id: Buffer;
  tenantId: Buffer;
  entry: ExportedEntry;
  createdAt: number;
  occurredAt: number;
  salt: Buffer;
  /** The exact bytes that will be hashed into the tree. */
  leaf: Buffer;
  /** Place in the ledger of idempotency keys, 16 bytes; null without a key. */
  ledgerKey: Buffer | null;
  /** 16 bytes that stand for the content. */
  fingerprint: Buffer | null;
}

/** The only place where the bytes of a leaf are made. */
export function newEntry(content: EntryContent, { tenantId, clientId, keyId }: Recorder): NewEntry {
  const id = uuid7Bytes();
  const createdAt = uuid7Time(id);
  const occurredAt = content.occurred_at ?? createdAt;
  const entry: ExportedEntry = {
    ...content,
    id: formatUuid(id),
    tenant_id: tenantId.toLowerCase(),
    client_id: clientId,
    key_id: keyId,
    occurred_at: microseconds(occurredAt),
    created_at: microseconds(createdAt),
    erased_at: null,
  };
  const salt = newSalt();
  const key = content.idempotency_key;
  return {
    id,
    tenantId: parseUuid(tenantId),
    entry,
    createdAt,
    occurredAt,
    salt,
    leaf: buildLeaf(entry, salt),
    ledgerKey: key === null ? null : digest(`${tenantId}\0${clientId}\0${key}`),
    fingerprint: key === null ? null : digest(canonicalJson({ ...content })),
  };
}

/** The first 16 bytes of a SHA-256. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, 16);
}

/** An entry with nothing but what every entry has; the rest is for the caller to fill in. */
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
