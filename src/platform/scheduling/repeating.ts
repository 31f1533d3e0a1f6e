/** Runs `work` again and again, `pauseMs` after each end, until {@link stop}. A failure is reported and not fatal. */
export class Repeating {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly pauseMs: number,
    private readonly work: () => Promise<void>,
    private readonly report: (error: Error) => void,
  ) {}

  start(): void {
    this.running = this.runOnce();
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async runOnce(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      this.report(error as Error);
    }
    if (!this.stopped) this.timer = setTimeout(() => this.start(), this.pauseMs);
  }
}
