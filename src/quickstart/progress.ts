/** One line about what happens, with the seconds since the command began. */
export function progress(message: string): void {
  const seconds = (performance.now() / 1000).toFixed(1).padStart(6);
  process.stdout.write(`${seconds} s  ${message}\n`);
}

/** Text without a time: what the user came for. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
