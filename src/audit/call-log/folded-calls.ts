import { networkOf } from '../../platform/http/client-address.js';
import { MINUTE_MS } from '../../platform/time/time.js';
import type { ApiCall } from './api-call.js';

/** Calls of one address, route and status that get a row of their own in a minute; the rest share one. */
const ROWS_PER_FOLD = 10;
/** All rows of their own, and all rows that stand for several calls, in a minute. */
const MAX_ROWS = 1_000;
const MAX_FOLDS = 1_000;

interface Fold {
  rows: number;
  /** Stands for all that have no row of their own. */
  folded: ApiCall | undefined;
}

/**
 * Folds calls that anybody can make into few rows with a count, so that a flood costs some 2,000 rows a minute, from
 * any number of addresses. IPv6 counts by /64. When there are too many addresses, the rest share one row for each
 * status, which names no address.
 */
export class FoldedCalls {
  private minute = 0;
  private rows = 0;
  private readonly folds = new Map<string, Fold>();
  private readonly nameless = new Map<string, ApiCall>();

  /**
   * @returns the row to be written now, or null when it is counted in a row that is written at the end of the minute
   */
  take(row: ApiCall, now = Date.now()): { row: ApiCall | null; ended: ApiCall[] } {
    const ended = this.end(now);
    const caller = `${row.statusCode} ${row.tenantId} ${row.keyId}`;
    const fold = this.foldOf(`${row.ip === null ? '' : networkOf(row.ip)} ${row.method} ${row.route} ${caller}`);
    if (fold === null) {
      const shared = this.nameless.get(caller);
      if (shared === undefined) this.nameless.set(caller, { ...row, ip: null, userAgent: null });
      else shared.calls += 1;
      return { row: null, ended };
    }
    if (fold.rows < ROWS_PER_FOLD && this.rows < MAX_ROWS) {
      fold.rows += 1;
      this.rows += 1;
      return { row, ended };
    }
    if (fold.folded === undefined) fold.folded = row;
    else fold.folded.calls += 1;
    return { row: null, ended };
  }

  /** @returns the rows that stand for several calls, of minutes before that of `now` */
  end(now: number): ApiCall[] {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.minute) return [];
    const folded = [...this.folds.values()].flatMap((fold) => fold.folded ?? []);
    const ended = [...folded, ...this.nameless.values()];
    this.minute = minute;
    this.rows = 0;
    this.folds.clear();
    this.nameless.clear();
    return ended;
  }

  private foldOf(key: string): Fold | null {
    const known = this.folds.get(key);
    if (known !== undefined) return known;
    if (this.folds.size >= MAX_FOLDS) return null;
    const fold = { rows: 0, folded: undefined };
    this.folds.set(key, fold);
    return fold;
  }
}
