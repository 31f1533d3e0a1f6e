import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { getInstallationSecret, listKeyPeppers } from '../platform/database/installation-secrets.repository.js';

/** Random secrets that the migration made and all processes share; readable by the system role only. */
@Injectable()
export class InstallationSecrets {
  private readonly secrets = new Map<string, Promise<Buffer>>();
  private known: Promise<Buffer[]> | undefined;
  private readAt = -Infinity;

  constructor(private readonly database: Database) {}

  get(name: 'key_pepper' | 'jwt_secret'): Promise<Buffer> {
    let secret = this.secrets.get(name);
    if (secret === undefined) {
      secret = getInstallationSecret(this.database.system, name);
      this.secrets.set(name, secret);
      secret.catch(() => this.secrets.delete(name));
    }
    return secret;
  }

  /**
   * Those that keys may have been made with: that of this installation, and those of others that tenants came from.
   * @param maxAgeMs read again when they were read longer ago
   */
  peppers(maxAgeMs = Infinity): Promise<Buffer[]> {
    const now = performance.now();
    if (this.known !== undefined && now - this.readAt <= maxAgeMs) return this.known;
    const read = listKeyPeppers(this.database.system);
    this.readAt = now;
    this.known = read;
    read.catch(() => {
      if (this.known === read) this.known = undefined;
    });
    return read;
  }
}
