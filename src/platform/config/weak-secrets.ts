export const HOW_TO_MAKE_A_SECRET = `openssl rand -base64 32, or: node -p "crypto.randomBytes(32).toString('base64')"`;

/** Keys and secrets from public READMEs; a service that starts with one of them is open to everybody. */
const PUBLISHED = new Set([
  'dev-key-analytics-2024',
  'demo-readonly-key',
  'your-secure-admin-key-here',
  'your-secure-secret-key',
  'changeme',
  'change-me-please',
]);

/** What sample values begin with. Each is so long that less than one random text in a million begins with it. */
const SAMPLE =
  /^(?:change.?me|change.?this|replace.?(?:me|this|with)|test|your[-_ ]|my[-_](?:secret|key|api)|pass(?:word|wort)|secret|default|dummy|example|sample|placeholder|insert|qwert|admin|letmein)/i;

/**
 * Fewest different characters. Of random bytes in hex, the smallest alphabet in use, one text of 24 characters in
 * 10,000 has fewer.
 */
const LEAST_DISTINCT = 8;

/** @returns what makes `secret` easy to guess, to stand after its name; null when nothing does */
export function weaknessOf(secret: string, minLength: number): string | null {
  if (PUBLISHED.has(secret.toLowerCase()) || SAMPLE.test(secret)) {
    return 'is a sample value, or begins like one, that anybody can guess';
  }
  if (secret.length < minLength) return `must be at least ${minLength} characters long`;
  if (!/^[\x21-\x7e]+$/.test(secret)) return 'must be printable ASCII without spaces';
  if (new Set(secret).size < LEAST_DISTINCT) return 'has too few different characters';
  if (isRepeated(secret)) return 'repeats a short text';
  if (isSequence(secret)) return 'is a sequence that anybody can guess';
  return null;
}

/** `abcdefghabcdefgh`: a text that repeats itself occurs in its own doubled text before the middle. */
function isRepeated(text: string): boolean {
  const period = text.concat(text).indexOf(text, 1);
  const head = text.slice(0, Math.floor(text.length / 2));
  return period < text.length || text.lastIndexOf(head) >= head.length;
}

/** `0123456789abcdef`: most characters follow the one before them in the character set. */
function isSequence(text: string): boolean {
  let steps = 0;
  for (let n = 1; n < text.length; n++) if (Math.abs(text.charCodeAt(n) - text.charCodeAt(n - 1)) <= 1) steps++;
  return steps > text.length / 2;
}
