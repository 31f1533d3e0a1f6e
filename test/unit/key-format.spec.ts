import { randomBytes } from 'node:crypto';
import { generateKey, isIssuedHere, prefixOf } from '../../src/keys/key-format.js';

describe('key format', () => {
  const pepper = randomBytes(32);

  it('makes keys of the promised shape, shorter than bcrypt reads', () => {
    const { key, prefix } = generateKey(pepper);
    expect(key).toMatch(/^tmk_[A-Za-z0-9_-]{16}_[A-Za-z0-9_-]{43}$/);
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(72);
    expect(prefixOf(key)).toBe(prefix);
    expect(isIssuedHere(key, [pepper])).toBe(true);
  });

  it('knows a made-up key without looking it up', () => {
    const { key } = generateKey(pepper);
    const last = key.at(-8) === 'A' ? 'B' : 'A';
    expect(isIssuedHere(key.slice(0, -8) + last + key.slice(-7), [pepper])).toBe(false);
    expect(isIssuedHere(generateKey(randomBytes(32)).key, [pepper])).toBe(false);
    expect(isIssuedHere('tmk_x', [pepper])).toBe(false);
    expect(prefixOf(`${key}x`)).toBeNull();
  });
});
