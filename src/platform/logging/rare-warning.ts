import type { Logger } from '@nestjs/common';

const QUIET_MS = 10_000;

/** Warns at most once every ten seconds: a service that is away fails often, and one line is enough. */
export class RareWarning {
  private lastAt = -Infinity;

  constructor(private readonly logger: Logger) {}

  warn(message: string): void {
    const now = performance.now();
    if (now - this.lastAt < QUIET_MS) return;
    this.lastAt = now;
    this.logger.warn(message);
  }
}
