/** Microseconds since 1970, as times are compared. */
export const micros = (ms: number): number => Math.round(ms * 1_000);

/** A time as the API shows it: in UTC, with microseconds where there are any. */
export const printedTime = (time: string): string =>
  `replaceOne(formatDateTime(${time}, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC'), '000Z', 'Z')`;
