import { fastFormats, fullFormats } from 'ajv-formats/dist/formats.js';

/** Longer texts match no format; this keeps formats cheap whose pattern is not quite linear. */
const MAX_FORMATTED_LENGTH = 1_024;

const FULL = ['date', 'time', 'date-time', 'duration', 'uuid', 'ipv4', 'ipv6', 'hostname', 'json-pointer'] as const;
/** Their full versions have nested repetitions. */
const FAST = ['email', 'uri', 'uri-reference'] as const;

type Check = (text: string) => boolean;

/** The formats that are checked. `regex` is not among them: it would compile what a client sent. */
export const formats: Readonly<Record<string, Check>> = Object.fromEntries([
  ...FULL.map((name) => [name, bounded(fullFormats[name])]),
  ...FAST.map((name) => [name, bounded(fastFormats[name])]),
]) as Record<string, Check>;

export const formatNames: ReadonlySet<string> = new Set(Object.keys(formats));

function bounded(format: unknown): Check {
  const check = checkOf(format);
  return (text) => text.length <= MAX_FORMATTED_LENGTH && check(text);
}

/** ajv-formats has a regular expression, a function, or an object that holds one of them. */
function checkOf(format: unknown): Check {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === 'function') return format as Check;
  return checkOf((format as { validate: unknown }).validate);
}
