import { execSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, envExample, loadConfig, SETTINGS } from '../../src/platform/config/config.js';

const url = 'postgresql://localhost/tidemark';
const message = (env: Record<string, string>) => {
  try {
    loadConfig({ DATABASE_URL: url, ...env });
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
};

describe('configuration', () => {
  it('needs a database and nothing else', () => {
    expect(loadConfig({ DATABASE_URL: url })).toMatchObject({
      NODE_ENV: 'production',
      PORT: 3000,
      MAX_BATCH_SIZE: 1000,
    });
    expect(() => loadConfig({})).toThrow(/DATABASE_URL is missing; for example postgresql:/);
  });

  it('listens on this machine alone unless told otherwise', () => {
    expect(loadConfig({ DATABASE_URL: url }).HOST).toBe('127.0.0.1');
  });

  it('takes the owner’s URL for the migrations, and checks it like the other', () => {
    expect(loadConfig({ DATABASE_URL: url }).DATABASE_MIGRATION_URL).toBeUndefined();
    expect(message({ DATABASE_MIGRATION_URL: 'localhost' })).toContain('DATABASE_MIGRATION_URL must be a URL starting');
  });

  it('names every wrong setting, what is wrong with it, and an example', () => {
    const text = message({ PORT: 'eighty', RATE_LIMIT_ALGORITHM: 'leaky', REDIS_URL: 'localhost:6379' });
    expect(text).toContain('PORT must be a whole number from 0 to 65535; for example 3000');
    expect(text).toContain('RATE_LIMIT_ALGORITHM must be one of sliding, fixed');
    expect(text).toContain('REDIS_URL must be a URL starting with redis://');
  });

  it.each([
    ['https://app.example.com/', 'https://app.example.com/ is https://app.example.com;'],
    ['https://ok.example.com, HTTPS://App.example.com:443', 'HTTPS://App.example.com:443 is https://app.example.com;'],
    ['app.example.com', 'must be * or origins as browsers send them'],
    ['null', 'must be * or origins as browsers send them'],
    ['https://*.example.com', 'must be * or origins as browsers send them'],
  ])('refuses CORS_ORIGINS=%s, which no browser would match, and says how it is written', (origins, said) => {
    expect(message({ CORS_ORIGINS: origins })).toContain(said);
  });

  it('takes origins of sites, ports, applications and extensions, and * for all', () => {
    const origins = 'https://a.example,http://localhost:5173,http://[::1]:8080,capacitor://localhost,*';
    expect(loadConfig({ DATABASE_URL: url, CORS_ORIGINS: origins }).CORS_ORIGINS).toEqual(origins.split(','));
  });

  it('refuses SKIP_AUTH in production, and takes an unset NODE_ENV for production', () => {
    expect(message({ SKIP_AUTH: 'true' })).toContain('SKIP_AUTH must not be true in production');
    expect(message({ SKIP_AUTH: 'true', NODE_ENV: 'development' })).toBe('');
  });

  it('refuses published sample keys and short secrets', () => {
    expect(message({ PLATFORM_API_KEY: 'dev-key-analytics-2024' })).toContain('sample value');
    expect(message({ JWT_SECRET: 'short' })).toContain('at least 32 characters');
  });

  it.each([
    'short-but-random-7Gq',
    'x'.repeat(40),
    'changeme-changeme-please-now',
    'Change_Me_to_something_1234567',
    'test-platform-key-0123456789',
    'TESTkey8473628193746152839',
    'your-secure-admin-key-here-2025',
    'replace-this-with-a-real-key-1',
    'my-secret-key-for-production-1',
    'abcabcdabcdeabcabcdabcdeabcabcdabcde',
    'Tr0ub4dor&3Tr0ub4dor&3Tr0ub4dor&3',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    '0123456789012345678901234567890123',
    'qwertyuiopasdfghjklzxcvbnm123456',
    'passwordpassword1234567890abcdef',
    'kzapkapzkkpazzkapapkzzapkakpzpazk',
    'one phrase of several words 7Gq2!kXw9',
    'Schlüssel-7Gq2!kXw9-Fähre-3mPz-Tor',
  ])('refuses %s as a key, and as a secret, with a way to make a good one', (weak) => {
    for (const name of ['PLATFORM_API_KEY', 'JWT_SECRET']) {
      expect(message({ [name]: weak })).toMatch(new RegExp(`^ *${name} .*openssl rand -base64 32`, 'm'));
    }
  });

  it('takes random values in every usual form, and those that its own sentence makes', () => {
    for (let n = 0; n < 2_000; n++) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        const value = randomBytes(32).toString(encoding);
        expect(SETTINGS.PLATFORM_API_KEY.parse(value)).toBe(value);
        expect(SETTINGS.JWT_SECRET.parse(value)).toBe(value);
      }
    }
    const command = /node -p ".*"/.exec(message({ PLATFORM_API_KEY: 'short' }))![0];
    const made = execSync(command, { encoding: 'utf8' }).trim();
    expect(message({ PLATFORM_API_KEY: made, JWT_SECRET: made })).toBe('');
  });

  it('takes as AUDIT_ORIGIN what may be the name of a key in a signed note', () => {
    for (const origin of ['audit.example.com', 'example.com/audit', 'größe', 'tidemark']) {
      expect(message({ AUDIT_ORIGIN: origin })).toBe('');
    }
    for (const origin of ['our audit', 'a+b', 'a\u00a0b', 'a\u2003b', 'a\nb', 'a\u0000b', 'a\u200eb']) {
      expect(message({ AUDIT_ORIGIN: origin })).toContain('AUDIT_ORIGIN must be a name without spaces and plus signs');
    }
  });

  it('is what .env.example shows', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
  });
});
