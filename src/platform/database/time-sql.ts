/** SQL for a time as the API shows it: in UTC, with microseconds where there are any. */
export const printedTime = (column: string): string =>
  `replace(to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '000Z', 'Z')`;
