import { execSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { listHosts } from '../../src/platform/config/database-url.js';
import { ConfigError, envExample, loadConfig, SETTINGS } from '../../src/platform/config/config.js';
import { faultOfEnvFile } from '../../src/platform/config/env-file.js';
import { misspeltSettings } from '../../src/platform/config/environment.js';
import { parseRedisUrl, type RedisAddress } from '../../src/platform/config/redis-url.js';

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

  it('wants a key of 24 to 64 bytes for the webhook of alerts, and says how to make one', () => {
    const hook = 'https://alerts.example.com/tidemark';
    expect(message({ ALERT_WEBHOOK_URL: hook })).toContain('ALERT_WEBHOOK_SECRET is missing');
    for (const secret of ['secret', 'whsec_c2hvcnQ=', `whsec_${Buffer.alloc(65).toString('base64')}`]) {
      expect(message({ ALERT_WEBHOOK_SECRET: secret })).toContain(
        'must be whsec_ and 24 to 64 bytes in base64; make one',
      );
    }
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    expect(message({ ALERT_WEBHOOK_URL: hook, ALERT_WEBHOOK_SECRET: secret })).toBe('');
    expect(message({ ALERT_WEBHOOK_URL: 'alerts.example.com' })).toContain(
      'must be a URL starting with http:// or https://',
    );
  });

  it.each<[url: string, address: Partial<RedisAddress>]>([
    ['redis://localhost', { kind: 'single', hosts: [{ host: 'localhost', port: 6379 }], database: 0 }],
    [
      'REDISS://:p%40ss@[::1]:6380/2?family=6',
      {
        ...{ kind: 'single', password: 'p@ss', isEncrypted: true },
        ...{ hosts: [{ host: '::1', port: 6380 }], database: 2, family: 6 },
      },
    ],
    [
      'redis+sentinel://user:p:w@h1,h2:26380/my%20master/3?sentinel_user=s&sentinel_password=a+b',
      {
        ...{ kind: 'sentinel', username: 'user', password: 'p:w', database: 3, isEncrypted: false },
        hosts: [
          { host: 'h1', port: 26_379 },
          { host: 'h2', port: 26_380 },
        ],
        sentinel: { master: 'my master', username: 's', password: 'a+b' },
      },
    ],
    ['rediss+sentinel://h1/mymaster', { kind: 'sentinel', isEncrypted: true, database: 0 }],
    [
      'rediss://u:p@h1:7000,h2/?cluster=true',
      {
        kind: 'cluster',
        isEncrypted: true,
        hosts: [
          { host: 'h1', port: 7000 },
          { host: 'h2', port: 6379 },
        ],
      },
    ],
    ['redis://h1?cluster=true', { kind: 'cluster', database: 0 }],
  ])('reads REDIS_URL=%s', (text, address) => {
    expect(message({ REDIS_URL: text })).toBe('');
    expect(parseRedisUrl(text)).toMatchObject(address);
  });

  it.each([
    ['http://h1', 'must be a URL starting with redis://'],
    ['redis://h1,h2', 'names several hosts; write ?cluster=true behind those of a cluster, or redis+sentinel://'],
    ['redis+sentinel://h1,h2', 'must end with the name of the master, as in redis+sentinel://'],
    ['redis+sentinel://h1/mymaster?cluster=true', 'must not have cluster=true'],
    ['redis://h1/1?cluster=true', 'must not name a database: a cluster has none but 0'],
    ['redis://h1/mymaster', 'must have the number of a database behind the last slash'],
    ['redis://h1?clustered=true', 'must not have the option clustered; there are cluster, family'],
    ['redis://h1?cluster=yes', 'must have cluster=true'],
    ['redis://h1?sentinel_password=x', 'has a login for Sentinels, and none of them'],
    ['redis://u:p/w@h1', 'must have login and password percent-encoded'],
    ['redis://h1:99999', 'must be a URL like redis://'],
    ['redis://u:100%@h1', 'must have login and password percent-encoded'],
  ])('refuses REDIS_URL=%s, and says how it is written', (text, said) => {
    expect(message({ REDIS_URL: text })).toContain(`REDIS_URL ${said}`);
  });

  it('refuses a CA of Redis where no TLS is', () => {
    expect(message({ REDIS_URL: 'redis://h1', REDIS_CA_FILE: '/ca.pem' })).toContain('REDIS_CA_FILE changes nothing');
    expect(message({ REDIS_URL: 'rediss+sentinel://h1/m', REDIS_CA_FILE: '/ca.pem' })).toBe('');
  });

  it('takes headers and a share for traces as OpenTelemetry writes them', () => {
    const read = (env: Record<string, string>) => loadConfig({ DATABASE_URL: 'postgresql://a@b/c', ...env });
    const headers = { OTEL_EXPORTER_OTLP_HEADERS: ' authorization=Bearer%20a%3Db ,x-team = 1' };
    expect(read(headers).OTEL_EXPORTER_OTLP_HEADERS).toEqual({ authorization: 'Bearer a=b', 'x-team': '1' });
    for (const wrong of ['a', '=b', 'a=%zz', 'a b=c', 'a=b,,c=d']) {
      expect(message({ OTEL_EXPORTER_OTLP_HEADERS: wrong })).toContain('must be name=value with commas between');
    }
    for (const share of ['0', '1', '0.25', '1.0', '.5']) expect(message({ OTEL_TRACES_SAMPLER_ARG: share })).toBe('');
    for (const wrong of ['1.1', '-0', '1e-1', 'all', '2']) {
      expect(message({ OTEL_TRACES_SAMPLER_ARG: wrong })).toContain('must be a number from 0 to 1');
    }
    expect(message({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' })).toBe('');
    expect(message({ OTEL_TRACES_SAMPLER: 'jaeger_remote' })).toContain('must be one of parentbased_traceidratio, ');
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

  it.each([
    ['RATE_LIMIT_REQUEST', 'RATE_LIMIT_REQUESTS'],
    ['RATELIMIT_REQUESTS', 'RATE_LIMIT_REQUESTS'],
    ['RATE_LIMIT_WINDOW', 'RATE_LIMIT_WINDOW_SECONDS'],
    ['RATE_LIMIT_REQEUSTS', 'RATE_LIMIT_REQUESTS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['database_url', 'DATABASE_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['PLATFORM_APIKEY', 'PLATFORM_API_KEY'],
    ['SAMPLE_EVENT', 'SAMPLE_EVENTS'],
  ])('asks for %s whether %s was meant', (name, meant) => {
    expect(misspeltSettings({ [name]: 'x' })).toEqual([expect.stringContaining(`Did you mean ${meant}?`)]);
  });

  it('leaves the variables of other programs alone, and settings themselves', () => {
    const others = [
      ...['PATH', 'HOME', 'POST', 'HOSTS', 'HOSTNAME', 'LOGNAME', 'API_KEY', 'PGHOST', 'PGPASSWORD', 'NODE_OPTIONS'],
      ...['OTEL_BSP_MAX_QUEUE_SIZE', 'OTEL_SDK_DISABLED', 'OTEL_EXPORTER_OTLP_TIMEOUT', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
      ...['TIDEMARK_PORT', 'TIDEMARK_SERVICE_HOST', 'REDIS_PORT', 'REDIS_HOST', 'POSTGRES_PASSWORD', 'TMPDIR', 'LANG'],
      ...[
        'npm_config_cache',
        'npm_lifecycle_event',
        'KUBERNETES_PORT',
        'JAVA_HOME',
        'DB_HOST',
        'LOG_FILE',
        'NODE_PATH',
      ],
    ];
    const env = Object.fromEntries([...others, ...Object.keys(SETTINGS), 'ENV_FILE', 'DATA_DIR'].map((n) => [n, 'x']));
    expect(misspeltSettings(env)).toEqual([]);
  });

  it('puts DATABASE_PASSWORD into the URL as URLs have it, and refuses two that differ', () => {
    const login = 'postgresql://me@db:5432/tidemark';
    const password = `p@ss/w#rd?%25 $'"ö`;
    const config = loadConfig({ DATABASE_URL: login, DATABASE_PASSWORD: password });
    expect(decodeURIComponent(new URL(config.DATABASE_URL).password)).toBe(password);
    expect(new URL(config.DATABASE_URL)).toMatchObject({ username: 'me', host: 'db:5432', pathname: '/tidemark' });
    const both = { DATABASE_URL: 'postgresql://me:a@db/tidemark', DATABASE_PASSWORD: 'b' };
    expect(message(both)).toContain('DATABASE_PASSWORD is set, but the URL has another password');
    expect(message({ DATABASE_MIGRATION_PASSWORD: 'b' })).toContain(
      'DATABASE_MIGRATION_PASSWORD is set, but the URL it belongs to is not',
    );
  });

  it('takes several hosts as libpq writes them, and puts the password into their URL', () => {
    const several = 'postgresql://me@h1:5432,[::1],h2:5433/tidemark?target_session_attrs=read-write';
    const config = loadConfig({ DATABASE_URL: several, DATABASE_PASSWORD: 'p@ss' });
    expect(config.DATABASE_URL).toBe(several.replace('me@', 'me:p%40ss@'));
    expect(listHosts(config.DATABASE_URL).map((one) => new URL(one).host)).toEqual(['h1:5432', '[::1]', 'h2:5433']);
    expect(loadConfig({ DATABASE_URL: url, DATABASE_MIGRATION_URL: several }).DATABASE_MIGRATION_URL).toBe(several);
  });

  it.each([
    ['postgresql://me@h1,h2/tidemark?target_session_attrs=any', 'must have target_session_attrs=read-write or none'],
    ['postgresql://me@h1,,h2/tidemark', 'must have no empty name among its hosts'],
    ['postgresql://me@h1:5432,h2:port/tidemark', 'must be a URL like'],
    ['postgresql:///tidemark?host=h1,h2', 'must name several hosts before the name of the database'],
  ])('refuses %s', (several, said) => {
    expect(message({ DATABASE_URL: several })).toContain(`DATABASE_URL ${said}`);
  });

  it.each(['p/w', 'p#w', 'p?w', 'p%w', '12/w'])('says how the password %s is written in a URL', (password) => {
    expect(message({ DATABASE_URL: `postgresql://me:${password}@db/tidemark` })).toMatch(/DATABASE_URL must .*%2F/);
  });

  it.each([
    [{ TRUST_PROXY: 'true' }, 'TRUST_PROXY must be false, the number of proxies'],
    [{ TRUST_PROXY: 'nginx' }, 'TRUST_PROXY must be'],
    [{ TRUST_PROXY: '-1' }, 'TRUST_PROXY must be'],
    [{ API_KEY_HEADERS: 'X-Key, X Key' }, 'API_KEY_HEADERS must be header names separated by commas; "X Key" is'],
    [{ JWT_PRIVATE_KEY: 'MC4' }, 'JWT_PRIVATE_KEY must be an Ed25519 private key'],
    [{ AUDIT_SIGNING_KEY: 'MC4' }, 'AUDIT_SIGNING_KEY must be an Ed25519 private key'],
    [{ CLICKHOUSE_URL: 'localhost:8123' }, 'CLICKHOUSE_URL must be a URL starting with http:// or https://'],
    [{ CLICKHOUSE_URL: 'clickhouse://localhost' }, 'CLICKHOUSE_URL must be a URL starting with http:// or https://'],
    [{ CLICKHOUSE_URL: 'http://localhost:8123/tide-mark' }, 'nothing but letters, digits and _ in the name of its'],
    [{ CLICKHOUSE_URL: 'http://localhost:8123/a;drop' }, 'nothing but letters, digits and _ in the name of its'],
    [{ CLICKHOUSE_CLUSTER: 'all nodes' }, 'CLICKHOUSE_CLUSTER must be a name of letters, digits and _'],
    [{ CLICKHOUSE_TIMEOUT_SECONDS: '0' }, 'CLICKHOUSE_TIMEOUT_SECONDS must be a whole number from 1 to 300'],
  ])('refuses %j, which would do nothing or fail later', (env, said) => {
    expect(message(env as unknown as Record<string, string>)).toContain(said);
  });

  it('takes a ClickHouse with login, database and cluster', () => {
    const CLICKHOUSE_URL = 'https://tidemark:pw@ch.internal:8443/tidemark_2';
    expect(message({ CLICKHOUSE_URL, CLICKHOUSE_CLUSTER: 'all_nodes' })).toBe('');
  });

  it.each(['false', '0', '2', 'loopback', '10.0.0.0/8, 2001:db8::1'])('takes TRUST_PROXY=%s', (value) => {
    expect(message({ TRUST_PROXY: value })).toBe('');
  });

  it('finds the line of a .env that is none, and does not repeat it', () => {
    const good = '# comment\n\nA=1\r\n export B = 2 # why\nC="two\nlines"\nD=\nE=\'it is "x"\'\nF=don\'t\n';
    expect(faultOfEnvFile(good)).toBeNull();
    expect(faultOfEnvFile(envExample())).toBeNull();
    for (const line of ['PLATFORM_API_KEY: secret', 'secret', '=secret', 'PORT 3000', 'A="secret']) {
      const fault = faultOfEnvFile(`${good}${line}\nG=1\n`);
      expect(fault?.line).toBe(10);
      expect(fault?.why).not.toContain('secret');
    }
    expect(faultOfEnvFile(Buffer.from('A=1\n', 'utf16le').toString())?.why).toContain('UTF-8');
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
