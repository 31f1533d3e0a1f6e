import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/platform/config/config.js';

interface Service {
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  read_only?: boolean;
  privileged?: boolean;
  user?: string;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  environment?: Record<string, string>;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const { services, networks } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
};
const each = Object.entries(services);
const login = (url: string | undefined) => /^postgresql:\/\/(\w+):\$\{(\w+):\?[^}]+\}@postgres:5432\//.exec(url ?? '');

describe('docker-compose.yml', () => {
  it.each(each)('confines %s: no root, no capability, no way to get any, nothing to write on', (_name, service) => {
    expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], read_only: true });
    expect(service.user).toMatch(/^(node|postgres|redis)$/);
    expect([service.cap_add, service.privileged]).toEqual([undefined, undefined]);
    for (const volume of service.volumes ?? []) expect(volume).toMatch(/^(postgres|signing-key|archive):\/var\/lib\//);
  });

  it('publishes the API and nothing else, on this machine unless told otherwise', () => {
    expect(each.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['api']);
    expect(services['api']?.ports).toEqual(['${HOST:-127.0.0.1}:${PORT:-3000}:3000']);
    const exposed = each.filter(([, service]) => service.networks?.some((name) => networks[name]?.internal !== true));
    expect(exposed.map(([name]) => name)).toEqual(['api']);
  });

  it('runs the migrations as the owner, and API and worker as the login without rights', () => {
    const migrate = services['migrate']?.environment;
    expect(login(migrate?.['DATABASE_MIGRATION_URL'])?.slice(1)).toEqual(['tidemark', 'POSTGRES_PASSWORD']);
    const runtime = ['tidemark_runtime', 'POSTGRES_RUNTIME_PASSWORD'];
    for (const name of ['migrate', 'api', 'worker']) {
      expect(login(services[name]?.environment?.['DATABASE_URL'])?.slice(1)).toEqual(runtime);
    }
    for (const name of ['api', 'worker']) {
      expect(JSON.stringify(services[name])).not.toMatch(/POSTGRES_PASSWORD|DATABASE_MIGRATION_URL/);
    }
  });

  it('has no secret in it and none that is optional', () => {
    const variables = [...text.matchAll(/\$\{(\w+)(:?[-?][^}]*)?\}/g)];
    const secrets = variables.filter(([, name]) => /PASSWORD|SECRET|KEY/.test(name ?? ''));
    expect(new Set(secrets.map(([, name]) => name))).toEqual(
      new Set(['POSTGRES_PASSWORD', 'POSTGRES_RUNTIME_PASSWORD', 'PLATFORM_API_KEY']),
    );
    for (const [, , otherwise] of secrets) expect(otherwise).toMatch(/^:\?./);
    for (const [, { environment = {} }] of each) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|_KEY$/.test(name)) expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$/);
      }
    }
  });

  it('gives the services settings that exist', () => {
    for (const name of ['migrate', 'api', 'worker']) {
      expect(Object.keys(SETTINGS)).toEqual(expect.arrayContaining(Object.keys(services[name]?.environment ?? {})));
    }
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n');

  it('ends as a user without rights, and listens on the address of the container', () => {
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
    expect(lines).toContain('ENV NODE_ENV=production HOST=0.0.0.0');
  });
});
