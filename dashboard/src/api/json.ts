/** What browsers of 2025 have and the types of TypeScript do not yet. */
const browser = JSON as unknown as {
  rawJSON?: (digits: string) => object;
  isRawJSON?: (value: unknown) => boolean;
};

/** What a number must look like that JSON.parse may round. */
const LONG_NUMBER = /[\d.]{16}|\d[eE]-\d{3}/;

/**
 * JSON.parse, but a number that it would round is kept: JSON.stringify writes it with all its digits. A browser that
 * cannot do that rounds.
 */
export function parseJson(text: string): unknown {
  const { rawJSON } = browser;
  if (rawJSON === undefined || !LONG_NUMBER.test(text)) return JSON.parse(text) as unknown;
  const keep = (_name: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;
  };
  return JSON.parse(text, keep) as unknown;
}

/** Whether a value is a number that was kept. */
export const isLongNumber = (value: unknown): boolean => browser.isRawJSON?.(value) === true;

/** Whether a value has no members. */
export const isScalar = (value: unknown): value is string | number | boolean | null =>
  value === null || typeof value !== 'object' || isLongNumber(value);

/** A value for reading: a text as it is, everything else as JSON. */
export const printValue = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The object that a text is in JSON; null for anything else. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value = parseJson(text);
    return isScalar(value) || Array.isArray(value) ? null : (value as Record<string, unknown>);
  } catch {
    return null;
  }
}
