import { isConnectionError } from '../../platform/database/database.js';

interface Waiting<T> {
  item: T;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Group commit: while one write is on its way, all that comes waits and is written together by the next. Nothing waits
 * for a timer, and under load many calls share one commit.
 */
export class GroupedWrites<T> {
  private waiting: Waiting<T>[] = [];
  private isWriting = false;

  constructor(
    private readonly write: (items: readonly T[]) => Promise<void>,
    private readonly maxItems: number,
  ) {}

  /** Resolves once `item` is written. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.isWriting) void this.writeWaiting();
    });
  }

  private async writeWaiting(): Promise<void> {
    this.isWriting = true;
    while (this.waiting.length > 0) await this.writeGroup(this.waiting.splice(0, this.maxItems));
    this.isWriting = false; // in the same step as the last look: who comes next begins anew
  }

  private async writeGroup(group: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.write(group.map(({ item }) => item));
      for (const { resolve } of group) resolve();
    } catch (error) {
      // One that cannot be written must not take the others with it; a database that is away is asked once.
      if (group.length > 1 && !isConnectionError(error)) for (const one of group) await this.writeGroup([one]);
      else for (const { reject } of group) reject(error);
    }
  }
}
