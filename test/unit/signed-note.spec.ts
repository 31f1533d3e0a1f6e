import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  checkpointText,
  openCheckpoint,
  parseVerifierKey,
  signNote,
  verifierKey,
} from '../../src/audit/transparency-log/signed-note.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const origin = 'tidemark.example/audit/7';
const checkpoint = { origin, size: 20852163, root: Buffer.alloc(32, 9) };
const note = signNote(checkpointText(checkpoint), origin, privateKey);
const vkey = verifierKey(origin, publicKey);

/** The key that Go's golang.org/x/mod/sumdb/note prints in its documentation. */
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_NOTE =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n\n" +
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

describe('signed notes', () => {
  it('opens what it signed', () => {
    expect(openCheckpoint(note, vkey)).toEqual(checkpoint);
    expect(note.split('\n').slice(0, 4)).toEqual([origin, '20852163', checkpoint.root.toString('base64'), '']);
  });

  it('knows the example of the reference implementation', () => {
    expect(verifierKey('PeterNeumann', parseVerifierKey(PETER).key)).toBe(PETER);
    // the signature fits; what it covers is no checkpoint
    expect(() => openCheckpoint(PETER_NOTE, PETER)).toThrow('origin, size and root');
    expect(() => openCheckpoint(PETER_NOTE.replace('problem is', 'problem was'), PETER)).toThrow('changed or forged');
  });

  it('passes over signatures of others and needs its own', () => {
    const other = generateKeyPairSync('ed25519');
    const cosigned = note + signNote(checkpointText(checkpoint), 'witness.example', other.privateKey).split('\n\n')[1]!;
    expect(openCheckpoint(cosigned, vkey)).toEqual(checkpoint);
    expect(() => openCheckpoint(note, verifierKey(origin, other.publicKey))).toThrow('no signature of');
    expect(() => openCheckpoint(note, verifierKey('elsewhere', publicKey))).toThrow('no signature of');
  });

  it('opens with any of several keys, and is spoilt by a signature of any that does not fit', () => {
    const [before, stranger] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const [old, strange] = [verifierKey(origin, before.publicKey), verifierKey(origin, stranger.publicKey)];
    const text = checkpointText(checkpoint);
    const both = signNote(text, origin, privateKey, before.privateKey);
    expect(both.match(/^\u2014 /gm)).toHaveLength(2);
    for (const keys of [vkey, old, [old], [strange, old], [vkey, old]]) {
      expect(openCheckpoint(both, keys)).toEqual(checkpoint);
    }
    expect(openCheckpoint(signNote(text, origin, before.privateKey), [vkey, old])).toEqual(checkpoint);
    expect(() => openCheckpoint(both, [strange])).toThrow(/no signature of .* it is signed by /);
    expect(() => openCheckpoint(both, [])).toThrow('no signature');
    const other = signNote(text.replace('20852163', '7'), origin, before.privateKey).split('\n\n')[1]!;
    expect(() => openCheckpoint(note + other, [vkey, old])).toThrow('changed or forged');
    expect(openCheckpoint(note + other, vkey)).toEqual(checkpoint);
  });

  it.each([
    ['size', note.replace('20852163', '20852164'), 'changed or forged'],
    ['root', note.replace('CQkJ', 'CQkK'), 'changed or forged'],
    ['no signature', note.split('\n\n')[0]!, 'not a signed note'],
    ['no newline at its end', note.trimEnd(), 'not a signed note'],
    ['a control character', note.replace('tidemark', 'tide\tmark'), 'not a signed note'],
    ['a malformed signature line', `${note}- x y\n`, 'malformed signature'],
  ])('refuses another %s', (_what, changed, problem) => {
    expect(() => openCheckpoint(changed, vkey)).toThrow(problem);
  });

  it.each([
    ['leading zero', `${origin}\n07\n${checkpoint.root.toString('base64')}\n`],
    ['short root', `${origin}\n7\nAAAA\n`],
    ['no origin', `\n7\n${checkpoint.root.toString('base64')}\n`],
  ])('refuses a signed text with %s', (_what, text) => {
    expect(() => openCheckpoint(signNote(text, origin, privateKey), vkey)).toThrow('origin, size and root');
  });

  it('refuses a key whose id is not its own', () => {
    expect(() => parseVerifierKey(vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toThrow('does not have the id');
    expect(() => parseVerifierKey('nonsense')).toThrow('verifier key');
    expect(createPublicKey(parseVerifierKey(vkey).key.export({ type: 'spki', format: 'pem' })).asymmetricKeyType).toBe(
      'ed25519',
    );
  });
});
