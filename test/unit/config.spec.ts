import { readFileSync } from 'node:fs';
import { ConfigError, envExample, loadConfig } from '../../src/platform/config.js';

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

  it('names every wrong setting, what is wrong with it, and an example', () => {
    const text = message({ PORT: 'eighty', RATE_LIMIT_ALGORITHM: 'leaky', REDIS_URL: 'localhost:6379' });
    expect(text).toContain('PORT must be a whole number from 0 to 65535; for example 3000');
    expect(text).toContain('RATE_LIMIT_ALGORITHM must be one of sliding, fixed');
    expect(text).toContain('REDIS_URL must be a URL starting with redis://');
  });

  it('refuses SKIP_AUTH in production, and takes an unset NODE_ENV for production', () => {
    expect(message({ SKIP_AUTH: 'true' })).toContain('SKIP_AUTH must not be true in production');
    expect(message({ SKIP_AUTH: 'true', NODE_ENV: 'development' })).toBe('');
  });

  it('refuses published sample keys and short secrets', () => {
    expect(message({ PLATFORM_API_KEY: 'dev-key-analytics-2024' })).toContain('sample value');
    expect(message({ JWT_SECRET: 'short' })).toContain('at least 32 characters');
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
