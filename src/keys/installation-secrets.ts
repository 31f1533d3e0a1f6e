import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

/** Random secrets that the migration made and all processes share; readable by the system role only. */
@Injectable()
export class InstallationSecrets {
  private readonly secrets = new Map<string, Promise<Buffer>>();

  constructor(private readonly database: Database) {}

  get(name: 'key_pepper' | 'jwt_secret'): Promise<Buffer> {
    let secret = this.secrets.get(name);
    if (secret === undefined) {
      secret = this.read(name);
      this.secrets.set(name, secret);
      secret.catch(() => this.secrets.delete(name));
    }
    return secret;
  }

  private async read(name: string): Promise<Buffer> {
    const { rows } = await this.database.system.query<{ value: Buffer }>(
      '/* installationSecrets.get */ select value from installation_secrets where name = $1',
      [name],
    );
    const value = rows[0]?.value;
    if (value === undefined) throw new Error(`installation_secrets lacks ${name}; run the migrations`);
    return value;
  }
}
