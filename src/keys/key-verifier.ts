import { Injectable, Logger } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from './api-key.entity.js';
import { prefixOf, isIssuedHere } from './key-format.js';
import { KeysRepository } from './keys.repository.js';

/** Age at which a remembered key is read again in the background, and at which callers wait for that. */
const REFRESH_MS = 800;
const STALE_MS = 1_600;
const MAX_REMEMBERED = 10_000;

interface Remembered {
  /** SHA-256 of a secret of this process and the key: no key stays in memory. */
  readonly digest: Buffer;
  record: ApiKey;
  checkedAt: number;
  usedSinceRefresh: boolean;
}

/**
 * Tells which key a text is. bcrypt (about 50 ms) runs once per key and process; afterwards a remembered
 * digest answers in microseconds. What is remembered is read again every second while in use, all keys in one query,
 * so a disabled or deleted key is refused everywhere within two seconds.
 */
@Injectable()
export class KeyVerifier {
  private readonly logger = new Logger(KeyVerifier.name);
  private readonly processSecret = randomBytes(32).toString('latin1');
  private readonly remembered = new Map<string, Remembered>();
  private readonly verifying = new Map<string, Promise<ApiKey | null>>();
  private pepper: Promise<Buffer> | undefined;
  private refreshing: Promise<void> | undefined;

  constructor(private readonly keys: KeysRepository) {}

  /** The record of a genuine key, whatever its state; null for anything else. */
  async verify(key: string): Promise<ApiKey | null> {
    const prefix = prefixOf(key);
    if (prefix === null) return null;
    const known = this.remembered.get(prefix);
    if (known === undefined) return isIssuedHere(key, await this.getPepper()) ? this.verifyOnce(prefix, key) : null;
    // One prefix has one secret: another secret is wrong without asking bcrypt.
    if (!timingSafeEqual(known.digest, this.digest(key))) return null;
    known.usedSinceRefresh = true;
    const age = Date.now() - known.checkedAt;
    if (age > STALE_MS) await this.refresh();
    else if (age > REFRESH_MS) this.refresh().catch(() => undefined); // the next caller waits and sees the error
    return this.remembered.get(prefix)?.record ?? null;
  }

  async getPepper(): Promise<Buffer> {
    this.pepper ??= this.keys.getPepper().catch((error: unknown) => {
      this.pepper = undefined;
      throw error;
    });
    return this.pepper;
  }

  private async verifyOnce(prefix: string, key: string): Promise<ApiKey | null> {
    const id = `${prefix}:${this.digest(key).toString('latin1')}`;
    let running = this.verifying.get(id);
    if (running === undefined) {
      running = this.compare(prefix, key).finally(() => this.verifying.delete(id));
      this.verifying.set(id, running);
    }
    return running;
  }

  private async compare(prefix: string, key: string): Promise<ApiKey | null> {
    const [record] = await this.keys.listByPrefix([prefix]);
    if (record === undefined || !(await bcrypt.compare(key, record.secretHash))) return null;
    this.forgetOldest();
    this.remembered.set(prefix, { digest: this.digest(key), record, checkedAt: Date.now(), usedSinceRefresh: true });
    return record;
  }

  /** Reads every remembered key that was used since the last time; forgets the others. */
  private refresh(): Promise<void> {
    this.refreshing ??= this.readAgain().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async readAgain(): Promise<void> {
    const startedAt = Date.now();
    const used = [...this.remembered].filter(([, known]) => known.usedSinceRefresh);
    const records = new Map((await this.keys.listByPrefix(used.map(([prefix]) => prefix))).map((r) => [r.prefix, r]));
    for (const [prefix, known] of used) {
      const record = records.get(prefix);
      if (record === undefined) {
        this.remembered.delete(prefix);
        continue;
      }
      known.record = record;
      known.checkedAt = startedAt;
      known.usedSinceRefresh = false;
    }
    await this.noteUse([...records.values()]);
  }

  /** Best effort: a lost note of use changes nothing that is promised. */
  private async noteUse(records: ApiKey[]): Promise<void> {
    const minuteAgo = Date.now() - 60_000;
    const due = records.filter((record) => (record.lastUsedAt?.getTime() ?? 0) < minuteAgo);
    if (due.length === 0) return;
    await this.keys
      .touch(due.map((record) => record.id))
      .catch((error: Error) => this.logger.warn(`last_used_at not written: ${error.message}`));
  }

  private forgetOldest(): void {
    if (this.remembered.size < MAX_REMEMBERED) return;
    const oldest = this.remembered.keys().next();
    if (oldest.done !== true) this.remembered.delete(oldest.value);
  }

  private digest(key: string): Buffer {
    return hash('sha256', this.processSecret + key, 'buffer');
  }
}
