/** `tmk_` and what follows; the first 16 characters find a key's record and open nothing. */
const KEY = /(tmk_[A-Za-z0-9_-]{1,16})[A-Za-z0-9_-]*/g;

/** `text` with the secret part of every API key taken out, for logs and trails. */
export function redactKeys(text: string): string {
  return text.includes('tmk_') ? text.replace(KEY, '$1…') : text;
}
