import { Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { LRUCache } from 'lru-cache';
import { hash, randomBytes } from 'node:crypto';
import type { ApiKey } from './api-key.entity.js';
import { InstallationSecrets } from './installation-secrets.js';
import { isIssuedHere, prefixOf } from './key-format.js';
import { type Freshness, KeyRecords } from './key-records.js';
import { KeysRepository } from './keys.repository.js';

const MAX_CACHED = 10_000;
/** Made-up keys make a process look for new peppers this often, and no more. */
const NEW_PEPPER_MS = 2_000;

/** Finds the key that a text is. bcrypt (about 50 ms) runs once per key and process; afterwards a digest is enough. */
@Injectable()
export class KeyVerifier {
  private readonly processSecret = randomBytes(32).toString('latin1');
  /**
   * Ids of keys by SHA-256 of a secret of this process and the key, so that no key stays in memory. Looked up by the
   * digest and not by the prefix, so that a wrong key takes the same steps whether its prefix is in use or not.
   */
  private readonly verified = new LRUCache<string, string>({ max: MAX_CACHED });
  private readonly verifying = new Map<string, Promise<ApiKey | null>>();

  constructor(
    private readonly keys: KeysRepository,
    private readonly records: KeyRecords,
    private readonly secrets: InstallationSecrets,
  ) {}

  /**
   * The record of a genuine key, whatever its state; null for anything else. A refusal costs one digest and one HMAC,
   * and its duration tells nothing about prefixes.
   */
  async verify(key: string, freshness: Freshness = 'cached'): Promise<ApiKey | null> {
    const prefix = prefixOf(key);
    if (prefix === null) return null;
    const digest = hash('sha256', this.processSecret + key, 'base64');
    const keyId = this.verified.get(digest);
    if (keyId !== undefined) return this.records.find(keyId, freshness);
    return (await this.isIssuedHere(key)) ? this.verifyOnce(prefix, key, digest) : null;
  }

  /** Also with the pepper of an installation that a tenant came from a moment ago. */
  private async isIssuedHere(key: string): Promise<boolean> {
    if (isIssuedHere(key, await this.secrets.peppers())) return true;
    return isIssuedHere(key, await this.secrets.peppers(NEW_PEPPER_MS));
  }

  private verifyOnce(prefix: string, key: string, digest: string): Promise<ApiKey | null> {
    let running = this.verifying.get(digest);
    if (running === undefined) {
      running = this.compare(prefix, key, digest).finally(() => this.verifying.delete(digest));
      this.verifying.set(digest, running);
    }
    return running;
  }

  private async compare(prefix: string, key: string, digest: string): Promise<ApiKey | null> {
    const [record] = await this.keys.listByPrefix([prefix]);
    if (record === undefined || !(await bcrypt.compare(key, record.secretHash))) return null;
    this.verified.set(digest, record.id);
    return this.records.find(record.id, 'fresh'); // as it is now: comparing took its time
  }
}
