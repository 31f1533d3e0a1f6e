/** Of every command. */
export interface OutputOptions {
  json: boolean;
}

/** Fits a terminal that is not wide, a README and a ticket. */
const MAX_WIDTH = 100;
/** Narrower, a column is no longer read. */
const MIN_COLUMN = 6;
const GAP = '  ';
/** Cells are copied from the terminal: these stay in one piece. */
const IN_ONE_PIECE = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Prints `data` as one JSON line, or `text` for people. */
export function print(json: boolean, data: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(data) : text}\n`);
}

/**
 * Columns of equal width, 100 characters together: a text that is too long for its column goes on below. Control
 * characters are taken out: a name must not be able to move the cursor.
 */
export function table(head: string[], rows: string[][]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, ' ')));
  const widths = fit(
    head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))),
    cells,
  );
  return cells.flatMap((row) => layOut(row, widths)).join('\n');
}

/** Takes from the widest columns what is too much. */
function fit(wanted: readonly number[], cells: readonly string[][]): number[] {
  const widths = [...wanted];
  const least = widths.map((_, column) =>
    Math.max(MIN_COLUMN, ...cells.map((row) => (IN_ONE_PIECE.test(row[column] ?? '') ? row[column]!.length : 0))),
  );
  const room = MAX_WIDTH - GAP.length * (widths.length - 1);
  for (let over = sum(widths) - room; over > 0; over--) {
    const spare = widths.map((width, column) => (width > least[column]! ? width : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) break; // more columns than 100 characters have room for
    widths[widest]! -= 1;
  }
  return widths;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** One row, in as many lines as its longest cell needs. */
function layOut(row: readonly string[], widths: readonly number[]): string[] {
  const pieces = row.map((cell, column) => wrap(cell, widths[column] ?? cell.length));
  const height = Math.max(...pieces.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    pieces
      .map((lines, column) => (lines[line] ?? '').padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** Pieces of at most `width`, ended after a space or a comma where there is one. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const end = Math.max(rest.lastIndexOf(' ', width), rest.lastIndexOf(',', width - 1) + 1);
    const cut = end > 0 ? end : width;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}

/** A time as people read it, in UTC, to the minute. */
export const minuteOf = (time: string | null): string | null => time?.slice(0, 16).replace('T', ' ') ?? null;

/** Wrong words on the command line: exit code 2. */
export class UsageError extends Error {}
