import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Keys look like `tmk_<16 characters>_<43 characters>`, all url-safe. The second part is 26 random bytes and 6 bytes of
 * HMAC-SHA256(pepper, prefix ‖ random): a made-up key fails that check in microseconds, whether its prefix exists or
 * not, so it never makes the server compute bcrypt. 64 characters in all, under the 72 bytes at which bcrypt stops
 * reading.
 */
const FORMAT = /^tmk_([A-Za-z0-9_-]{16})_([A-Za-z0-9_-]{43})$/;
const RANDOM_BYTES = 26;
const CHECK_BYTES = 6;

export function generateKey(pepper: Buffer): { key: string; prefix: string } {
  const prefix = randomBytes(12).toString('base64url');
  const random = randomBytes(RANDOM_BYTES);
  const secret = Buffer.concat([random, checkBytes(pepper, prefix, random)]).toString('base64url');
  return { key: `tmk_${prefix}_${secret}`, prefix };
}

/** The 16 characters by which a key is found, or null when the text is not a key. */
export function prefixOf(key: string): string | null {
  return FORMAT.exec(key)?.[1] ?? null;
}

/** Whether the check bytes of a well-formed key were made with one of the peppers. */
export function isIssuedHere(key: string, peppers: readonly Buffer[]): boolean {
  const match = FORMAT.exec(key);
  if (match === null) return false;
  const [, prefix = '', secret = ''] = match;
  const bytes = Buffer.from(secret, 'base64url');
  const random = bytes.subarray(0, RANDOM_BYTES);
  const given = bytes.subarray(RANDOM_BYTES);
  return peppers.some((pepper) => timingSafeEqual(given, checkBytes(pepper, prefix, random)));
}

function checkBytes(pepper: Buffer, prefix: string, random: Buffer): Buffer {
  return createHmac('sha256', pepper).update(prefix).update(random).digest().subarray(0, CHECK_BYTES);
}
