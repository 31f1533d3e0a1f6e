import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Signed notes and checkpoints as in c2sp.org/signed-note and c2sp.org/tlog-checkpoint; Ed25519 only. */
const ED25519 = 1;
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;
/** DER of a SubjectPublicKeyInfo up to the 32 bytes of an Ed25519 key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const MAX_NOTE_LENGTH = 100_000;

export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
}

/** The text that is signed: origin, size and root, a line each. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Signs `text`, which ends in a newline, under one name with each of the keys. */
export function signNote(text: string, name: string, ...privateKeys: readonly KeyObject[]): string {
  const lines = privateKeys.map((privateKey) => {
    const id = keyId(name, rawPublicKey(createPublicKey(privateKey)));
    const signature = sign(null, Buffer.from(text, 'utf8'), privateKey);
    return `\u2014 ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/** A verifier key: `<name>+<key id in hex>+<base64 of type and public key>`. */
export function verifierKey(name: string, publicKey: KeyObject): string {
  const raw = rawPublicKey(publicKey);
  return `${name}+${keyId(name, raw).toString('hex')}+${Buffer.concat([Buffer.of(ED25519), raw]).toString('base64')}`;
}

/**
 * The checkpoint in `note`, if one of the keys signed it; a wrong signature of one of them makes it invalid.
 * @throws Error saying what is wrong with the note, the keys or the signature
 */
export function openCheckpoint(note: string, vkeys: string | readonly string[]): Checkpoint {
  const keys = [vkeys].flat().map(parseVerifierKey);
  const { text, signatures } = splitNote(note);
  let signed = false;
  for (const { name, id, key } of keys) {
    for (const { signature } of signatures.filter((line) => line.name === name && line.id.equals(id))) {
      if (!verify(null, Buffer.from(text, 'utf8'), key, signature)) {
        throw new Error(`the signature of ${name} does not fit the checkpoint: it was changed or forged`);
      }
      signed = true;
    }
  }
  if (!signed) {
    const wanted = keys.map(({ name, id }) => `${name}+${id.toString('hex')}`).join(', ');
    const found = signatures.map(({ name, id }) => `${name}+${id.toString('hex')}`).join(', ');
    throw new Error(`no signature of ${wanted} on the checkpoint; it is signed by ${found}`);
  }
  return parseCheckpoint(text);
}

export function parseVerifierKey(vkey: string): { name: string; id: Buffer; key: KeyObject } {
  const [, name, hex, base64] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey.trim()) ?? [];
  const typed = Buffer.from(base64 ?? '', 'base64');
  if (name === undefined || hex === undefined || typed.length !== 33 || typed[0] !== ED25519) {
    throw new Error('the public key is not an Ed25519 verifier key like name+0123abcd+AbC…=');
  }
  const raw = typed.subarray(1);
  const id = keyId(name, raw);
  if (id.toString('hex') !== hex) throw new Error(`the public key of ${name} does not have the id ${hex}`);
  return { name, id, key: createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' }) };
}

interface SignatureLine {
  name: string;
  id: Buffer;
  signature: Buffer;
}

function splitNote(note: string): { text: string; signatures: SignatureLine[] } {
  const end = note.lastIndexOf('\n\n');
  // eslint-disable-next-line no-control-regex -- the format forbids control characters
  if (note.length > MAX_NOTE_LENGTH || end === -1 || !note.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(note)) {
    throw new Error('the checkpoint is not a signed note');
  }
  const lines = note.slice(end + 2, -1).split('\n');
  const signatures = lines.map((line) => {
    const [, name, base64] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = Buffer.from(base64 ?? '', 'base64');
    if (name === undefined || bytes.length < 5) throw new Error('the checkpoint has a malformed signature line');
    return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
  });
  return { text: note.slice(0, end + 1), signatures };
}

function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, base64] = text.split('\n');
  const root = Buffer.from(base64 ?? '', 'base64');
  const wellFormed =
    origin !== undefined &&
    origin !== '' &&
    size !== undefined &&
    /^(0|[1-9]\d{0,15})$/.test(size) &&
    root.length === 32;
  if (!wellFormed || root.toString('base64') !== base64) {
    throw new Error('the checkpoint does not consist of origin, size and root');
  }
  return { origin, size: Number(size), root };
}

function keyId(name: string, raw: Buffer): Buffer {
  const hash = createHash('sha256').update(name).update(Buffer.of(0x0a, ED25519)).update(raw);
  return hash.digest().subarray(0, 4);
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
}
