import { LRUCache } from 'lru-cache';
import { secretValues } from '../config/secret-values.js';

/**
 * Removes credentials from what is stored or shown: log lines, the call log, problem details. It covers all their
 * forms, and rather removes a word too many than leave a key in a file that is copied around.
 */

const GONE = '[redacted]';

/** Texts that had nothing to hide: the paths and user agents of most calls, so that they cost one look-up. */
const MAX_CLEAN_LENGTH = 256;
const clean = new LRUCache<string, true>({ max: 1_000 });
/** How many secrets they were compared with. */
let comparedWith = 0;

const URL_NAMES = 'api[_-]?key|write[_-]?key|access[_-]?token|token|secret|password|passwd|pwd|private[_-]?key';
const QUOTED = `"(?:[^"\\\\]|\\\\.){0,2048}"|'(?:[^'\\\\]|\\\\.){0,2048}'`;

/** Each with its replacement. The bounds keep the time linear in the length of the text, also for a hostile text. */
const FORMS: readonly [form: RegExp, replacement: string][] = [
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g, GONE],
  // scheme://user:password@host
  [/([a-z][a-z0-9+.-]{0,20}:\/\/[^\s/?#:@"'<>]{0,256}:)[^\s"'<>]{0,512}@/gi, '$1…@'],
  [
    new RegExp(
      `((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|csiq-apikey)(["']?\\s*[:=]\\s*)(?:${QUOTED}|[^\\r\\n]+)`,
      'gi',
    ),
    `$1$2"${GONE}"`,
  ],
  [new RegExp(`((?<![a-z0-9])(?:${URL_NAMES})=)(?:${QUOTED}|[^&\\s"'<>]+)`, 'gi'), '$1…'],
  // JSON, also as a string of JSON
  [new RegExp(`(\\\\{0,3}["'](?:${URL_NAMES})\\\\{0,3}["']\\s*:\\s*\\\\{0,3}["'])[^"'\\\\]+`, 'gi'), `$1${GONE}`],
  // A word in lower case after it is ordinary prose.
  [/\b([Bb]earer|[Bb]asic|BEARER|BASIC)(\s{1,8})(?=[^\s"'<>]{0,512}[A-Z0-9+/_=-])[^\s"'<>]{8,}/g, `$1$2${GONE}`],
  // The first 16 characters identify a key's record and give no access.
  [/(tmk_[a-z0-9_-]{1,16})[a-z0-9_-]*…?/gi, '$1…'],
  [/(eyJ)[\w-]{8,}(?:\.[\w-]*){0,4}/gi, '$1…'],
  // Where Segment's SDKs put their write key, in any form.
  [/(\/projects\/)[^/\s?#"']+(?=\/settings)/gi, '$1…'],
];

/**
 * What one of {@link FORMS} or an encoded credential contains; anything else is only compared with {@link
 * secretValues}.
 */
const SUSPICIOUS =
  /tmk_|eyJ|%[0-9a-f]{2}|:\/\/|=|PRIVATE KEY|authorization|cookie|api-?key|["'][atwsp]|bearer|basic|\/projects\/|[A-Za-z0-9+/_-]{24}/i;

/** Ignored here: ids are long enough to look encoded, and occur in most paths. */
const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/** `text` without credentials. */
export function redact(text: string): string {
  if (comparedWith !== secretValues.size) {
    clean.clear();
    comparedWith = secretValues.size;
  }
  if (clean.get(text) === true) return text;
  const bare = text.replace(UUIDS, '');
  if (!SUSPICIOUS.test(bare) && !holdsSecret(text)) {
    // With ids in it, it will hardly come again.
    if (bare.length === text.length && text.length <= MAX_CLEAN_LENGTH) clean.set(text, true);
    return text;
  }
  return redactEncoded(redactPlain(text));
}

function holdsSecret(text: string): boolean {
  for (const secret of secretValues) if (text.includes(secret)) return true;
  return false;
}

function redactPlain(text: string): string {
  let redacted = text;
  for (const secret of secretValues) if (redacted.includes(secret)) redacted = redacted.replaceAll(secret, GONE);
  for (const [form, replacement] of FORMS) redacted = redacted.replace(form, replacement);
  return redacted;
}

function redactEncoded(text: string): string {
  const words = text.includes('%') ? text.replace(/[^\s"'<>]+/g, redactPercent) : text;
  return words.replace(BASE64, redactBase64);
}

/** Percent-encoding, also twice. A word that hides a credential is shown decoded. */
function redactPercent(word: string): string {
  if (!word.includes('%')) return word;
  let decoded = word;
  for (let round = 0; round < 3; round++) decoded = decoded.replace(/(?:%[0-9a-f]{2})+/gi, decodeOctets);
  const redacted = redactPlain(decoded);
  return redacted === decoded ? word : redacted;
}

const decodeOctets = (octets: string) => Buffer.from(octets.replaceAll('%', ''), 'hex').toString();

const BASE64 = /[A-Za-z0-9+/_-]{24,}={0,2}/g;
const UNMISTAKABLE = /tmk_[a-z0-9_-]{16}|eyJ[\w-]{8,}\./i;

/** Base64 may be aligned in four ways, since slashes of a path may precede it. */
function redactBase64(run: string): string {
  for (let start = 0; start < 4; start++) {
    const decoded = Buffer.from(run.slice(start), 'base64').toString('latin1');
    if (UNMISTAKABLE.test(decoded)) return GONE;
    if (holdsSecret(decoded)) return GONE;
  }
  return run;
}
