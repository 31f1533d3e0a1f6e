import { isUuid, parseUuid, uuid7Time } from '../../platform/database/uuid7.js';
import { toMicroseconds } from '../../platform/time/time.js';
import { isJsonObject } from '../../platform/json/exact-number.js';
import { readJson } from '../../platform/json/json-text.js';
import { canonicalJson, type JsonValue } from '../transparency-log/canonical-json.js';
import type { ActLeaf } from '../transparency-log/evidence.js';
import {
  CLEAR_FIELDS,
  commitment,
  JSON_FIELDS,
  PERSONAL_FIELDS,
  type PersonalField,
  SALT_BYTES,
} from '../transparency-log/leaf.js';

export type Members = Record<string, JsonValue>;

/** What does not fit, and which fields an erasure must cover. */
export interface EntryCheck {
  problems: string[];
  erased: PersonalField[];
  redacted: PersonalField[];
}

const KNOWN = new Set<string>([
  ...CLEAR_FIELDS,
  ...PERSONAL_FIELDS,
  'erased_at',
  'erased_fields',
  'redacted_fields',
  'evidence',
]);
const LEAF_MEMBERS = new Set<string>(['v', 'kind', 'commitments', ...CLEAR_FIELDS]);
const PERSONAL = new Set<string>(PERSONAL_FIELDS);
const JSON_FIELD = new Set<string>(JSON_FIELDS);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Base64 exactly as we write it; null for anything else. */
export function fromBase64(value: unknown): Buffer | null {
  if (typeof value !== 'string') return null;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? bytes : null;
}

/** The leaf as an object, if its bytes are canonical JSON of one. */
function parseLeaf(bytes: Buffer): Members | null {
  const text = bytes.toString('utf8');
  const parsed = parseObject(text);
  return parsed !== null && isWritable(parsed) && canonicalJson(parsed) === text ? parsed : null;
}

function isWritable(value: JsonValue): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}

export function parseObject(text: string): Members | null {
  try {
    const value = readJson(text) as JsonValue;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const STATEMENT = ['checkpoint', 'public_key', 'complete', 'filters', 'consistency'];
const EVIDENCE = {
  entry: new Set(['leaf_index', 'leaf', 'salts', 'proof', 'nodes', ...STATEMENT]),
  act: new Set(['leaf_index', 'leaf', 'proof', 'nodes', ...STATEMENT]),
  pruned: new Set(['nodes', ...STATEMENT]),
};
const ACT_LINE = new Set(['act', 'evidence']);
const PRUNED_LINE = new Set(['pruned', 'evidence']);
const PRUNED = new Set(['from', 'hashes']);

/** Members of a line that an export does not write, and that nothing would check. */
export function strangeMembers(line: Members): string[] {
  const kind = 'pruned' in line ? 'pruned' : 'act' in line ? 'act' : 'entry';
  const evidence = isObject(line['evidence']) ? line['evidence'] : {};
  const strange = Object.keys(evidence).filter((member) => !EVIDENCE[kind].has(member));
  if (!('checkpoint' in evidence)) strange.push(...STATEMENT.filter((member) => member in evidence));
  const problems = strange.map((member) => `has ${member} in its evidence, which nothing proves`);
  const own =
    kind === 'entry' ? [] : Object.keys(line).filter((name) => !(kind === 'act' ? ACT_LINE : PRUNED_LINE).has(name));
  const inner = isObject(line['pruned']) ? Object.keys(line['pruned']).filter((name) => !PRUNED.has(name)) : [];
  return [...problems, ...[...own, ...inner].map((name) => `has ${name}, which nothing proves`)];
}

/** Compares the fields of an exported entry with its leaf. */
export function checkEntry(line: Members, leafBytes: Buffer, salts: JsonValue | undefined): EntryCheck {
  const leaf = parseLeaf(leafBytes);
  const commitments = leaf?.['commitments'];
  if (leaf === null || leaf['v'] !== 2 || leaf['kind'] !== 'entry' || !isObject(commitments)) {
    return { problems: ['the leaf is not one of an entry'], erased: [], redacted: [] };
  }
  if (!isWritable(line)) {
    return { problems: ['holds half of a surrogate pair'], erased: [], redacted: [] };
  }
  const problems: string[] = [];
  for (const member of Object.keys(line)) if (!KNOWN.has(member)) problems.push(`${member} is covered by no leaf`);
  for (const member of Object.keys(leaf)) if (!LEAF_MEMBERS.has(member)) problems.push(`the leaf holds ${member}`);
  for (const member of Object.keys(commitments)) {
    if (!PERSONAL.has(member)) problems.push(`the leaf commits to ${member}`);
  }
  for (const field of CLEAR_FIELDS) {
    const [shown, sealed] = [line[field] ?? null, leaf[field] ?? null];
    if (canonicalJson(shown) !== canonicalJson(sealed)) {
      problems.push(`${field} is ${JSON.stringify(shown)}, sealed was ${JSON.stringify(sealed)}`);
    }
  }
  if (!isTimeOfId(line['id'], line['created_at'])) problems.push('created_at is not the time that is in its id');
  return { problems, ...checkPersonal({ line, commitments, salts, problems }) };
}

const isTimeOfId = (id: JsonValue | undefined, createdAt: JsonValue | undefined): boolean =>
  typeof id === 'string' && isUuid(id) && toMicroseconds(uuid7Time(parseUuid(id))) === createdAt;

interface Personal {
  line: Members;
  commitments: Members;
  salts: JsonValue | undefined;
  problems: string[];
}

/** A field is proven by its salt, or said to be erased or redacted, which an act must then cover. */
function checkPersonal({ line, commitments, salts, problems }: Personal): Omit<EntryCheck, 'problems'> {
  const erased = fieldList(line, 'erased_fields', problems);
  const redacted = fieldList(line, 'redacted_fields', problems);
  const given = isObject(salts) ? salts : {};
  if (!isObject(salts)) problems.push('has no salts');
  for (const member of Object.keys(given)) if (!PERSONAL.has(member)) problems.push(`has a salt of ${member}`);
  for (const field of PERSONAL_FIELDS) {
    const [shown, sealed, salt] = [line[field] ?? null, commitments[field] ?? null, given[field]];
    const lost = erased.has(field) || redacted.has(field);
    if (sealed === null) {
      if (shown !== null || salt !== undefined || lost) problems.push(`${field} is not what was sealed`);
    } else if (salt !== undefined) {
      if (lost) problems.push(`says that ${field} was erased or redacted although its salt is there`);
      if (!opens(salt, field, shown, sealed)) problems.push(`${field} is not what was sealed`);
    } else if (erased.has(field)) {
      if (shown !== null || redacted.has(field)) problems.push(`${field} is shown although it was erased`);
    } else if (!redacted.has(field)) {
      problems.push(`${field} has no salt, and nothing says that it was erased`);
    } else if (shown === null) {
      problems.push(`${field} is not shown, and nothing says that it was erased`);
    }
  }
  return { erased: [...erased], redacted: [...redacted] };
}

function fieldList(line: Members, name: string, problems: string[]): Set<PersonalField> {
  const list = line[name] ?? null;
  if (list === null) return new Set();
  const fields = Array.isArray(list) ? list : [];
  const known = new Set(fields.filter((field): field is PersonalField => PERSONAL.has(field as string)));
  if (known.size === 0 || known.size !== fields.length) problems.push(`${name} is not a list of personal fields`);
  return known;
}

function opens(salt: JsonValue, field: PersonalField, shown: JsonValue, sealed: JsonValue): boolean {
  const bytes = fromBase64(salt);
  if (bytes?.length !== SALT_BYTES || shown === null) return false;
  const text = JSON_FIELD.has(field) ? canonicalJson(shown) : shown;
  return typeof text === 'string' && commitment(bytes, field, text) === sealed;
}

/** @returns the act, or null if the bytes are not the leaf of one */
export function parseAct(bytes: Buffer): ActLeaf | null {
  const leaf = parseLeaf(bytes);
  if (leaf === null || leaf['v'] !== 2 || !hasTerms(leaf)) return null;
  const { ranges, count, tree_size: size, root_hash: root } = leaf;
  const wellFormed =
    Array.isArray(ranges) &&
    ranges.every((range) => Array.isArray(range) && range.length === 2 && isRange(range[0], range[1])) &&
    count === (ranges as [number, number][]).reduce((sum, [from, to]) => sum + to - from, 0) &&
    isTime(leaf['at']) &&
    isIndex(size) &&
    fromBase64(root)?.length === 32;
  return wellFormed ? (leaf as unknown as ActLeaf) : null;
}

function hasTerms({ kind, mode, fields, older_than: olderThan, tolerance_ms: tolerance }: Members): boolean {
  if (kind === 'prune') return isTime(olderThan);
  if (kind === 'clock') return isIndex(tolerance);
  const known = Array.isArray(fields) && fields.every((field) => PERSONAL.has(field as string));
  return kind === 'erasure' && (mode === 'erase' || mode === 'redact') && known;
}

export const isTime = (value: unknown): value is string => typeof value === 'string' && TIME.test(value);

export const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isRange = (from: unknown, to: unknown): boolean => isIndex(from) && isIndex(to) && from < to;

export const isObject = (value: unknown): value is Members => isJsonObject(value);

export const asObject = (value: JsonValue | undefined): Members | undefined => (isObject(value) ? value : undefined);

/** @returns null where one is not base64 */
export function toHashes(proof: JsonValue | undefined): Buffer[] | null {
  if (!Array.isArray(proof)) return null;
  const hashes = proof.map((item) => fromBase64(item));
  return hashes.every((hash) => hash !== null) ? hashes : null;
}

/** Whether a first line says that its file holds everything; an archive, like an export with filters, does not. */
export function isWholeExport(text: string | null): boolean {
  const line = text === null ? null : parseObject(text);
  return asObject(line?.['evidence'])?.['complete'] === true;
}
