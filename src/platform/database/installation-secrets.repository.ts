import type { Sql } from './database.js';

export type SecretName = 'key_pepper' | 'jwt_secret' | 'audit_signing_key';

/** One of the random secrets that the migrations made. */
export async function getInstallationSecret(sql: Sql, name: SecretName): Promise<Buffer> {
  const { rows } = await sql.query<{ value: Buffer }>(
    '/* installationSecrets.get */ select value from installation_secrets where name = $1',
    [name],
  );
  const value = rows[0]?.value;
  if (value === undefined) throw new Error(`installation_secrets lacks ${name}; run the migrations`);
  return value;
}

/** That of this installation, and those that came with tenants from others. */
export async function listKeyPeppers(sql: Sql): Promise<Buffer[]> {
  const { rows } = await sql.query<{ value: Buffer }>(
    `/* installationSecrets.listKeyPeppers */
     select value from installation_secrets where name = 'key_pepper' or name like 'key_pepper/%' order by name`,
  );
  if (rows.length === 0) throw new Error('installation_secrets lacks key_pepper; run the migrations');
  return rows.map(({ value }) => value);
}
