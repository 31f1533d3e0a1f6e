/**
 * Checks an audit entry with the cryptography of the browser alone, trusting nothing of the answer: that what is shown is
 * what the leaf holds, that the leaf is in the tree (RFC 9162), and that the tree's head is signed (c2sp.org/signed-note).
 * docs/audit-proofs.md has the formats. Imports nothing, so that it can be read, and run, by itself.
 */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** An entry as the API shows it. */
export type Entry = Record<string, unknown> & {
  erased_at: string | null;
  erased_fields: string[] | null;
  redacted_fields: string[] | null;
};

/** The answer of GET /logs/:id/proof. */
export interface Proof {
  leaf_index: number;
  tree_size: number;
  leaf: string | null;
  salts: Record<string, string>;
  root_hash: string;
  proof: string[];
  checkpoint: string;
  public_key: string;
}

/** A signed tree head that was checked. */
export interface Head {
  origin: string;
  size: number;
  /** Base64. */
  root: string;
  key: string;
}

/** The answer of GET /logs/consistency. */
export interface Consistency {
  proof: string[];
}

/** What does not fit, as the end of the sentence "Not verified: …". */
export class Mismatch extends Error {}

const CLEAR = [
  ...['id', 'tenant_id', 'source', 'client_id', 'key_id', 'action_type', 'resource_type', 'severity', 'status'],
  ...['functionality', 'event_type', 'store_id', 'company_id', 'occurred_at', 'created_at'],
];
const PERSONAL = [
  ...['user_id', 'session_id', 'ip_address', 'user_agent', 'resource_id', 'message', 'idempotency_key'],
  ...['before_state', 'after_state', 'metadata'],
];
const STATES = ['before_state', 'after_state', 'metadata'];
const TIMES = ['occurred_at', 'created_at'];
const ED25519 = 1;

/**
 * @returns the signed head under which the entry is proven, and the fields that an erasure has put beyond proof
 * @throws Mismatch
 */
export async function verifyEntry(entry: Entry, proof: Proof): Promise<{ head: Head; unproven: string[] }> {
  requireCryptography();
  if (proof.leaf === null) throw new Mismatch('retention has removed the entry.');
  const leaf = fromBase64(proof.leaf);
  const unproven = await checkFields(entry, readLeaf(leaf), proof.salts);
  const root = await rootOf(await hash(0, leaf), proof.leaf_index, proof.tree_size, proof.proof.map(fromBase64));
  const head = await openCheckpoint(proof.checkpoint, proof.public_key);
  if (head.size !== proof.tree_size)
    throw new Mismatch(`the checkpoint is of ${head.size} entries, the proof of ${proof.tree_size}.`);
  if (root === null || toBase64(root) !== head.root)
    throw new Mismatch('the entry is not in the tree whose root is signed.');
  return { head, unproven };
}

/** That the tree of `old` is the beginning of the one of `head`. @throws Mismatch */
export async function verifyContinues(old: Head, head: Head, consistency: Consistency | null): Promise<void> {
  if (old.origin !== head.origin || old.key !== head.key)
    throw new Mismatch('the checkpoint is signed by another key than the one seen before.');
  if (head.size < old.size)
    throw new Mismatch(`this browser has seen a tree of ${old.size} entries; now it has ${head.size}.`);
  if (head.size === old.size && head.root === old.root) return;
  const proof = (consistency?.proof ?? []).map(fromBase64);
  if (head.size === old.size || !(await continues(old, head, proof))) {
    throw new Mismatch(
      'the signed tree does not continue the one this browser has seen before: something earlier was changed.',
    );
  }
}

function requireCryptography(): void {
  if (globalThis.crypto?.subtle !== undefined) return;
  throw new Mismatch(
    'browsers offer cryptography only to pages that come over HTTPS or from this machine. Open this page so.',
  );
}

type Leaf = Record<string, Json> & { commitments: Record<string, Json> };

function readLeaf(bytes: Uint8Array): Leaf {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const leaf = JSON.parse(text) as Json;
  const isEntry = isObject(leaf) && leaf['kind'] === 'entry' && isObject(leaf['commitments']);
  if (!isEntry || canonical(leaf) !== text) throw new Mismatch('the leaf is not one of an entry.');
  return leaf as Leaf;
}

/** Every field shown is what the leaf holds or commits to, and nothing it holds is left out. */
async function checkFields(entry: Entry, leaf: Leaf, salts: Record<string, string>): Promise<string[]> {
  for (const field of CLEAR) {
    if (!(field in entry)) continue; // not shown, so nothing is claimed of it
    if (asSealed(field, entry[field]) !== (leaf[field] ?? null))
      throw new Mismatch(`${field} is not what was recorded.`);
  }
  const unproven: string[] = [];
  for (const field of PERSONAL) {
    const value = (entry[field] ?? null) as Json;
    const sealed = leaf.commitments[field] ?? null;
    const salt = salts[field];
    if (salt === undefined && sealed !== null) {
      requireErasure(entry, field, value);
      unproven.push(field);
    } else if ((value === null ? null : await commitment(salt, field, value)) !== sealed) {
      throw new Mismatch(`${field} is not what was recorded.`);
    }
  }
  return unproven;
}

/** Without its salt a field cannot be proven: then it must say that it was erased, or that values in it were replaced. */
function requireErasure(entry: Entry, field: string, value: Json): void {
  const isErased = entry.erased_fields?.includes(field) === true && value === null;
  if (entry.erased_at !== null && (isErased || entry.redacted_fields?.includes(field) === true)) return;
  throw new Mismatch(`the salt of ${field} is missing, though it was not erased.`);
}

/** The API leaves out microseconds that are 0; what is sealed has six digits. */
function asSealed(field: string, value: unknown): unknown {
  return TIMES.includes(field) && typeof value === 'string' ? value.replace(/(\.\d{3})Z$/, '$1000Z') : (value ?? null);
}

/** HMAC-SHA256(salt, field ‖ 0x00 ‖ value) in base64url; states as canonical JSON. */
async function commitment(salt: string | undefined, field: string, value: Json): Promise<string | null> {
  if (salt === undefined) return null;
  const text = STATES.includes(field) || typeof value !== 'string' ? canonical(value) : value;
  const key = await crypto.subtle.importKey('raw', fromBase64(salt), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  const mac = await crypto.subtle.sign('HMAC', key, utf8(`${field}\0${text}`));
  return toBase64(new Uint8Array(mac)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** RFC 8785; numbers that a double cannot hold with all their digits. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(',')}}`;
}

/** RFC 9162 §2.1.3.2: the root that the path leads to; null when the path does not fit the place. */
async function rootOf(leaf: Uint8Array, index: number, size: number, path: Uint8Array[]): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null;
  let [node, last, result] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      result = await hash(1, sibling, result);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      result = await hash(1, result, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? result : null;
}

/** RFC 9162 §2.1.4.2, for 0 < old.size < head.size. */
async function continues(old: Head, head: Head, proof: Uint8Array[]): Promise<boolean> {
  let [node, last] = [old.size - 1, head.size - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  const path = node === 0 ? [fromBase64(old.root), ...proof] : proof;
  let [before, after] = [path[0], path[0]];
  if (before === undefined || after === undefined) return false;
  for (const sibling of path.slice(1)) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      [before, after] = [await hash(1, sibling, before), await hash(1, sibling, after)];
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      after = await hash(1, after, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && toBase64(before) === old.root && toBase64(after) === head.root;
}

/** The head in a signed note, if the key signed it. */
async function openCheckpoint(note: string, vkey: string): Promise<Head> {
  const [, name = '', id = '', typed = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey.trim()) ?? [];
  const bytes = fromBase64(typed);
  const raw = bytes.slice(1);
  const expected = await hash(null, utf8(`${name}\n`), bytes);
  if (bytes.length !== 33 || bytes[0] !== ED25519 || toHex(expected.slice(0, 4)) !== id)
    throw new Mismatch('the public key is malformed.');
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const line = note
    .slice(end + 2)
    .split('\n')
    .map((signature) => /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(signature))
    .find((match) => match?.[1] === name && toHex(fromBase64(match[2]!).slice(0, 4)) === id);
  if (end < 0 || line == null) throw new Mismatch('the checkpoint is not signed by the key of this log.');
  const key = await crypto.subtle.importKey('raw', raw, { name: 'Ed25519' }, false, ['verify']);
  const isGenuine = await crypto.subtle.verify({ name: 'Ed25519' }, key, fromBase64(line[2]!).slice(4), utf8(text));
  if (!isGenuine) throw new Mismatch('the signature does not fit the checkpoint.');
  const [origin = '', size = '', root = ''] = text.split('\n');
  return { origin, size: Number(size), root, key: vkey };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A number with all its digits: see api/json.ts. */
const isLongNumber = (value: unknown) =>
  (JSON as unknown as { isRawJSON?: (value: unknown) => boolean }).isRawJSON?.(value) === true;
const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isLongNumber(value);
const utf8 = (text: string): Bytes => new TextEncoder().encode(text);
const toHex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

/** SHA-256; leaves are prefixed with 0 and inner nodes with 1. */
async function hash(prefix: number | null, ...parts: Uint8Array[]): Promise<Bytes> {
  const all = new Uint8Array([...(prefix === null ? [] : [prefix]), ...parts.flatMap((part) => [...part])]);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}
