import type { WriteStream } from 'node:tty';

const WIDTH = 40;
/** Without a terminal, a line is printed each time so many percent are done. */
const PERCENT_PER_LINE = 10;

/** How far something is: a bar that moves on a terminal, now and then a line elsewhere. */
export class ProgressBar {
  private shown = -1;
  private open = false;

  constructor(private readonly out: Pick<WriteStream, 'write'> & { isTTY?: boolean }) {}

  show(percent: number, state: string): void {
    if (this.out.isTTY === true) {
      const full = Math.floor((percent * WIDTH) / 100);
      this.out.write(`\r[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${percent}% ${state}\u001b[K`);
      this.open = true;
      return;
    }
    const step = Math.floor(percent / PERCENT_PER_LINE);
    if (step <= this.shown) return;
    this.shown = step;
    this.out.write(`${percent}% ${state}\n`);
  }

  /** The next output begins on a line of its own. */
  end(): void {
    if (this.open) this.out.write('\n');
    this.open = false;
  }
}
