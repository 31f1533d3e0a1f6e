import { createPrivateKey, type KeyObject } from 'node:crypto';

/** How to make what a setting with such a key holds. */
export const MAKE_ED25519_KEY = 'openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A';

/** A private key out of PEM text, or out of its PKCS #8 in DER; undefined for anything else. */
export function ed25519KeyOf(source: string | Buffer): KeyObject | undefined {
  try {
    const key = createPrivateKey(typeof source === 'string' ? source : { key: source, format: 'der', type: 'pkcs8' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined; // the parser's own message ("DECODER routines::unsupported") does not help
  }
}
