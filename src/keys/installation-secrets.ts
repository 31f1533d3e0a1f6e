import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { getInstallationSecret } from '../platform/database/installation-secrets.repository.js';

/** Random secrets that the migration made and all processes share; readable by the system role only. */
@Injectable()
export class InstallationSecrets {
  private readonly secrets = new Map<string, Promise<Buffer>>();

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
}
