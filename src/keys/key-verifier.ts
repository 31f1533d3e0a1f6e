import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from './api-key.entity.js';
import { InstallationSecrets } from './installation-secrets.js';
import { isIssuedHere, prefixOf } from './key-format.js';
import { KeyRecords } from './key-records.js';
import { KeysRepository } from './keys.repository.js';

const MAX_REMEMBERED = 10_000;

interface Verified {
  /** SHA-256 of a secret of this process and the key: no key stays in memory. */
  readonly digest: Buffer;
  readonly keyId: string;
}

/** Tells which key a text is. bcrypt (about 50 ms) runs once per key and process; afterwards a digest answers. */
@Injectable()
export class KeyVerifier {
  private readonly processSecret = randomBytes(32).toString('latin1');
  private readonly verified = new Map<string, Verified>();
  private readonly nobody: Verified = { digest: randomBytes(32), keyId: '' };
  private readonly verifying = new Map<string, Promise<ApiKey | null>>();

  constructor(
    private readonly keys: KeysRepository,
    private readonly records: KeyRecords,
    private readonly secrets: InstallationSecrets,
  ) {}

  /**
   * The record of a genuine key, whatever its state; null for anything else. A refusal costs one digest and one HMAC
   * whether the prefix is in use or not, so its duration tells nothing about prefixes.
   */
  async verify(key: string): Promise<ApiKey | null> {
    const prefix = prefixOf(key);
    if (prefix === null) return null;
    const known = this.verified.get(prefix);
    // One prefix has one secret: another secret is wrong without asking bcrypt.
    const isRight = timingSafeEqual((known ?? this.nobody).digest, this.digest(key));
    if (known !== undefined && isRight) return this.records.find(known.keyId);
    const isGenuine = isIssuedHere(key, await this.secrets.get('key_pepper'));
    return isGenuine && known === undefined ? this.verifyOnce(prefix, key) : null;
  }

  private verifyOnce(prefix: string, key: string): Promise<ApiKey | null> {
    const id = this.digest(key).toString('latin1');
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
    if (this.verified.size >= MAX_REMEMBERED) this.verified.clear();
    this.verified.set(prefix, { digest: this.digest(key), keyId: record.id });
    this.records.remember(record);
    return record;
  }

  private digest(key: string): Buffer {
    return hash('sha256', this.processSecret + key, 'buffer');
  }
}
