import type { Place } from './operation.js';

/**
 * The name under which clients call an operation: that of the controller's method. Where a method has several
 * addresses, Nest numbers them; then the last word of the address follows: `get` at `/health` is `getHealth`.
 */
export function nameOperation({ path, operation }: Place): void {
  const [, method, number] = /^(\w+?)(\[\d+\])?$/.exec(operation.operationId ?? '') ?? [];
  const words = path.split('/').at(-1)!.split('-');
  const ending = number === undefined ? '' : words.map(capitalized).join('');
  operation.operationId = `${method}${ending}`;
}

const MAX_SUMMARY = 80;

/**
 * The first sentence of the comment at a method is the summary; of a long one, what stands before its colon.
 * @returns the rest, for the description
 */
export function splitSummary({ operation }: Place): string {
  const comment = (operation.summary ?? '').replace(/\s+/g, ' ');
  const [, first = comment, rest = ''] = /^(.+?)\.(?: (.+))?$/.exec(comment) ?? [];
  const [, beginning, more] = /^(.+?)[:;] (.+)$/.exec(first) ?? [];
  const isLong = first.length > MAX_SUMMARY && beginning !== undefined;
  operation.summary = isLong ? beginning : first;
  return isLong ? `${capitalized(more!)}. ${rest}`.trim() : rest;
}

const capitalized = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}`;
