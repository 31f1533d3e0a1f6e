/** Of every command. */
export interface OutputOptions {
  json: boolean;
}

/** Prints `data` as one JSON line, or `text` for people. */
export function print(json: boolean, data: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(data) : text}\n`);
}

/** Columns of equal width. Control characters are taken out: a name must not be able to move the cursor. */
export function table(head: string[], rows: string[][]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, ' ')));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Wrong words on the command line: exit code 2. */
export class UsageError extends Error {}
