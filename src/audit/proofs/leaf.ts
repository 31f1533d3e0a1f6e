import { createHash, createHmac, randomBytes } from 'node:crypto';
import { canonicalJson, type JsonValue } from './canonical-json.js';

/** An audit entry as the ndjson export shows it. Times are UTC with six digits: exactly what the column holds. */
export interface SealableEntry {
  id: string;
  tenant_id: string;
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

/** Fields that may tell who a person is: a leaf holds only commitments to them. */
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

const JSON_FIELDS: ReadonlySet<string> = new Set(['before_state', 'after_state', 'metadata']);
const SALT_BYTES = 32;
const LEAF_PREFIX = Buffer.of(0);

/** Each entry needs a new one; whoever knows it can test guesses of the personal fields. */
export function newSalt(): Buffer {
  return randomBytes(SALT_BYTES);
}

/**
 * HMAC-SHA256(salt, field ‖ 0x00 ‖ value). Without the 256 random bits of the salt even a field with two possible
 * values stays hidden; with it, nobody can find a second value that fits (that would be a collision of SHA-256).
 */
export function commitment(salt: Buffer, field: string, value: JsonValue): string {
  const text = typeof value === 'string' && !JSON_FIELDS.has(field) ? value : canonicalJson(value);
  return createHmac('sha256', salt).update(`${field}\0${text}`).digest('base64url');
}

/**
 * The bytes that are hashed into the tree: canonical JSON of the clear fields and of the commitments to the personal
 * ones. Fields that are null are left out, so that a new field later does not change old leaves.
 */
export function buildLeaf(entry: SealableEntry, salt: Buffer): Buffer {
  const leaf: Record<string, JsonValue> = { v: 1, kind: 'entry' };
  for (const field of CLEAR_FIELDS) if (entry[field] !== null) leaf[field] = entry[field];
  const commitments: Record<string, JsonValue> = {};
  for (const field of PERSONAL_FIELDS) {
    if (entry[field] !== null) commitments[field] = commitment(salt, field, entry[field]);
  }
  leaf['commitments'] = commitments;
  return Buffer.from(canonicalJson(leaf), 'utf8');
}

/** RFC 6962 §2.1: SHA-256(0x00 ‖ leaf). */
export function leafHash(leaf: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(leaf).digest();
}

/** Milliseconds since 1970 → `2026-11-21T04:50:00.123000Z`. */
export function microseconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}
