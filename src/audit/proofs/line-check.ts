import { canonicalJson, type JsonValue } from './canonical-json.js';
import type { ActLeaf } from './evidence.js';
import { CLEAR_FIELDS, commitment, PERSONAL_FIELDS } from './leaf.js';

type Members = Record<string, JsonValue>;

const KNOWN = new Set<string>([...CLEAR_FIELDS, ...PERSONAL_FIELDS, 'erased_at', 'evidence']);
const LEAF_MEMBERS = new Set<string>(['v', 'kind', 'commitments', ...CLEAR_FIELDS]);
const PERSONAL = new Set<string>(PERSONAL_FIELDS);

/** Base64 exactly as it is written by us; null for anything else. */
export function fromBase64(value: unknown): Buffer | null {
  if (typeof value !== 'string') return null;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? bytes : null;
}

/** The leaf as an object, if its bytes are canonical JSON of one. */
function parseLeaf(bytes: Buffer): Members | null {
  const text = bytes.toString('utf8');
  const parsed = parseObject(text);
  return parsed !== null && canonicalJson(parsed) === text ? parsed : null;
}

export function parseObject(text: string): Members | null {
  try {
    const value = JSON.parse(text) as JsonValue;
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * Compares the fields of an exported entry with what its leaf holds of them.
 * @param salt null where the personal fields have been erased
 * @returns what does not fit
 */
export function checkEntry(line: Members, leafBytes: Buffer, salt: Buffer | null): string[] {
  const leaf = parseLeaf(leafBytes);
  const commitments = leaf?.['commitments'];
  if (leaf === null || leaf['v'] !== 1 || leaf['kind'] !== 'entry' || !isObject(commitments)) {
    return ['the leaf is not one of an entry'];
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
  for (const field of PERSONAL_FIELDS) {
    const [shown, sealed] = [line[field] ?? null, commitments[field] ?? null];
    if (salt === null) {
      if (shown !== null) problems.push(`${field} is shown although it cannot be checked without the salt`);
    } else if (shown === null ? sealed !== null : commitment(salt, field, shown) !== sealed) {
      problems.push(`${field} is not what was sealed`);
    }
  }
  return problems;
}

/** @returns the act, or null if the bytes are not the leaf of one */
export function parseAct(bytes: Buffer): ActLeaf | null {
  const leaf = parseLeaf(bytes);
  if (leaf === null || leaf['v'] !== 1 || (leaf['kind'] !== 'erasure' && leaf['kind'] !== 'prune')) return null;
  const { ranges, tree_size: size, root_hash: root } = leaf;
  const wellFormed =
    Array.isArray(ranges) &&
    ranges.every((range) => Array.isArray(range) && range.length === 2 && isRange(range[0], range[1])) &&
    isIndex(size) &&
    fromBase64(root)?.length === 32;
  return wellFormed ? (leaf as unknown as ActLeaf) : null;
}

export const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isRange = (from: unknown, to: unknown): boolean => isIndex(from) && isIndex(to) && from < to;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
