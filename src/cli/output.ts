/** Prints `data` as one JSON line, or `text` for people. */
export function print(json: boolean, data: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(data) : text}\n`);
}
