import { createHash, createHmac, randomBytes } from 'node:crypto';
import { formatUuid } from '../../platform/database/uuid7.js';
import { readJson } from '../../platform/json/json-text.js';
import { toMicroseconds } from '../../platform/time/time.js';
import { canonicalJson, type JsonValue } from './canonical-json.js';

/** An audit entry as the ndjson export shows it. Times are UTC with six digits: exactly what the column holds. */
export interface SealableEntry {
  id: string;
  tenant_id: string;
  source: string;
  client_id: string;
  key_id: string | null;
  action_type: string;
  resource_type: string;
  severity: string;
  status: string | null;
  functionality: string | null;
  event_type: string | null;
  store_id: number | null;
  company_id: number | null;
  occurred_at: string;
  created_at: string;
  user_id: string | null;
  session_id: string | null;
  ip_address: string | null;
  user_agent: string | null;
  resource_id: string | null;
  message: string | null;
  idempotency_key: string | null;
  before_state: JsonValue;
  after_state: JsonValue;
  metadata: JsonValue;
}

/** Fields a leaf holds as they are. */
export const CLEAR_FIELDS = [
  'id',
  'tenant_id',
  'source',
  'client_id',
  'key_id',
  'action_type',
  'resource_type',
  'severity',
  'status',
  'functionality',
  'event_type',
  'store_id',
  'company_id',
  'occurred_at',
  'created_at',
] as const satisfies readonly (keyof SealableEntry)[];

/** Fields that may identify a person: a leaf holds only commitments to them. Their order is that of the salts. */
export const PERSONAL_FIELDS = [
  'user_id',
  'session_id',
  'ip_address',
  'user_agent',
  'resource_id',
  'message',
  'idempotency_key',
  'before_state',
  'after_state',
  'metadata',
] as const satisfies readonly (keyof SealableEntry)[];
export type PersonalField = (typeof PERSONAL_FIELDS)[number];

export const JSON_FIELDS = ['before_state', 'after_state', 'metadata'] as const satisfies readonly PersonalField[];
type JsonField = (typeof JSON_FIELDS)[number];

/**
 * Exactly what the columns of an entry are given: ids as bytes, times as milliseconds (with a fraction), states as
 * canonical JSON. A leaf is made from nothing else, so nothing can be sealed that is not stored.
 */
export type EntryColumns = Omit<
  SealableEntry,
  'id' | 'tenant_id' | 'key_id' | 'occurred_at' | 'created_at' | JsonField
> & {
  id: Buffer;
  tenant_id: Buffer;
  key_id: Buffer | null;
  occurred_at: number;
  created_at: number;
} & Record<JsonField, string | null>;

export const SALT_BYTES = 16;
const ERASED_SALT = Buffer.alloc(SALT_BYTES);
const LEAF_PREFIX = Buffer.of(0);

/** A salt for each personal field, each independent of the others; whoever knows one can test guesses of that field. */
export function newSalts(): Buffer {
  return randomBytes(PERSONAL_FIELDS.length * SALT_BYTES);
}

/** @returns null where the field has been erased */
export function saltOf(salts: Buffer, field: PersonalField): Buffer | null {
  const start = PERSONAL_FIELDS.indexOf(field) * SALT_BYTES;
  const salt = salts.subarray(start, start + SALT_BYTES);
  return salt.equals(ERASED_SALT) ? null : salt;
}

/**
 * HMAC-SHA256(salt, field ‖ 0x00 ‖ text). Without the 128 random bits of the salt even a field with two possible
 * values stays hidden; with it, nobody can find a second value that fits (that would be a collision of SHA-256).
 * @param text the field, or its canonical JSON where it is a state or metadata
 */
export function commitment(salt: Buffer, field: PersonalField, text: string): string {
  if (!text.isWellFormed()) throw new TypeError(`${field} holds half of a surrogate pair, which cannot be stored`);
  return createHmac('sha256', salt).update(`${field}\0${text}`).digest('base64url');
}

/**
 * The bytes that are hashed into the tree: canonical JSON of the clear fields and of the commitments to the personal
 * ones. Fields that are null are left out, so that a new field later does not change old leaves.
 */
export function buildLeaf(columns: EntryColumns, salts: Buffer): Buffer {
  const stored = readBack(columns);
  const leaf: Record<string, JsonValue> = { v: 2, kind: 'entry' };
  for (const field of CLEAR_FIELDS) if (stored[field] !== null) leaf[field] = stored[field];
  const commitments: Record<string, JsonValue> = {};
  for (const field of PERSONAL_FIELDS) {
    const text = columns[field];
    if (text !== null) commitments[field] = commitment(saltOf(salts, field)!, field, text);
  }
  leaf['commitments'] = commitments;
  return Buffer.from(canonicalJson(leaf), 'utf8');
}

/** The clear fields as they are read back. */
function readBack(columns: EntryColumns) {
  for (const name of ['occurred_at', 'created_at'] as const) {
    if (!Number.isFinite(columns[name])) throw new TypeError(`${name} is ${columns[name]}, no time`);
  }
  for (const name of ['store_id', 'company_id'] as const) {
    const value = columns[name];
    if (value !== null && !Number.isSafeInteger(value)) throw new TypeError(`${name} is ${value}, no whole number`);
  }
  return {
    ...columns,
    id: formatUuid(columns.id),
    tenant_id: formatUuid(columns.tenant_id),
    key_id: columns.key_id === null ? null : formatUuid(columns.key_id),
    occurred_at: toMicroseconds(columns.occurred_at),
    created_at: toMicroseconds(columns.created_at),
  };
}

/** The entry as it will be read back. */
export function storedEntry(columns: EntryColumns): SealableEntry {
  const parse = (text: string | null) => (text === null ? null : (readJson(text) as JsonValue));
  return {
    ...readBack(columns),
    before_state: parse(columns.before_state),
    after_state: parse(columns.after_state),
    metadata: parse(columns.metadata),
  };
}

/** RFC 6962 §2.1: SHA-256(0x00 ‖ leaf). */
export function leafHash(leaf: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(leaf).digest();
}
