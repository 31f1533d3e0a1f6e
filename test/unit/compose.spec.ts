import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/platform/config/config.js';

interface Service {
  image?: string;
  profiles?: string[];
  entrypoint?: string[];
  command?: string[];
  env_file?: { path: string; required: boolean }[];
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  read_only?: boolean;
  privileged?: boolean;
  user?: string;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  environment?: Record<string, string | number>;
}

const run = promisify(execFile);

const text = readFileSync('docker-compose.yml', 'utf8');
const { services, networks } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
};
const each = Object.entries(services);
const TIDEMARK = ['migrate', 'api', 'api-2', 'worker', 'worker-2'];
/** What a variable of the cluster may replace, by the name of that variable. */
const orElse = (value: unknown) => /^\$\{CLUSTER_\w+:-(.+)\}$/.exec(String(value))?.[1];
/** What compose puts in from .env or the environment, and stops without. */
const required = (value: unknown) => /^\$\{(\w+):\?[^}]+\}$/.exec(String(value))?.[1];

describe('docker-compose.yml', () => {
  it.each(each)('confines %s: no root, no capability, no way to get any, nothing to write on', (_name, service) => {
    expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], read_only: true });
    expect(service.user).toMatch(/^(node|postgres|redis|clickhouse|nobody|grafana|haproxy)$/);
    expect([service.cap_add, service.privileged]).toEqual([undefined, undefined]);
    for (const volume of service.volumes ?? []) {
      expect(volume).toMatch(
        /^(?:(postgres|signing-key|archive|clickhouse):\/var\/lib\/|prometheus:\/prometheus$|\.\/.+:ro$)/,
      );
    }
  });

  it('publishes the API and nothing else, on this machine unless told otherwise', () => {
    const published = each.filter(([, { ports }]) => ports !== undefined);
    expect(Object.fromEntries(published.map(([name, { ports }]) => [name, ports]))).toEqual({
      api: ['${HOST:-127.0.0.1}:${PORT:-3000}:3000'],
      'api-2': [],
      balancer: ['${BALANCER_HOST:-127.0.0.1}:${BALANCER_PORT:-8080}:8080'],
      grafana: ['127.0.0.1:${GRAFANA_PORT:-3030}:3000'], // never elsewhere: it asks nobody who they are
    });
    expect(services['grafana']?.profiles).toEqual(['observability']);
  });

  it('lets out those who send something, and only processes of Tidemark to PostgreSQL and Redis', () => {
    const inside = (network: string) =>
      each.filter(([, service]) => service.networks?.includes(network)).map(([name]) => name);
    expect(Object.entries(networks).map(([name, network]) => [name, network?.internal ?? false])).toEqual([
      ['front', false],
      ['data', true],
      ['monitoring', true],
    ]);
    expect(inside('front')).toEqual([...TIDEMARK, 'balancer', 'grafana']);
    expect(inside('data')).toEqual([...TIDEMARK, 'postgres', 'redis', 'clickhouse']);
    expect(inside('monitoring')).toEqual(['api', 'api-2', 'worker', 'worker-2', 'prometheus', 'grafana']);
  });

  it('runs the migrations as the owner, and API and worker as the login without rights', () => {
    const migrate = services['migrate']?.environment ?? {};
    expect(orElse(migrate['DATABASE_MIGRATION_URL'])).toBe('postgresql://tidemark@postgres:5432/tidemark');
    expect(required(migrate['DATABASE_MIGRATION_PASSWORD'])).toBe('POSTGRES_PASSWORD');
    expect(required(services['postgres']?.environment?.['POSTGRES_PASSWORD'])).toBe('POSTGRES_PASSWORD');
    for (const name of TIDEMARK) {
      const { DATABASE_URL, DATABASE_PASSWORD } = services[name]?.environment ?? {};
      expect(orElse(DATABASE_URL)).toBe('postgresql://tidemark_runtime@postgres:5432/tidemark');
      expect(required(DATABASE_PASSWORD)).toBe('POSTGRES_RUNTIME_PASSWORD');
    }
  });

  it('hands on every setting of .env, and none of the secrets that a process does not need', () => {
    const owners = { DATABASE_MIGRATION_URL: '', DATABASE_MIGRATION_PASSWORD: '', POSTGRES_PASSWORD: '' };
    const keysOfApi = { PLATFORM_API_KEY: '', JWT_SECRET: '', JWT_PRIVATE_KEY: '' };
    const keysOfWorker = {
      ...{ AUDIT_SIGNING_KEY: '', AUDIT_PREVIOUS_SIGNING_KEY: '' },
      ...{ ALERT_WEBHOOK_URL: '', ALERT_WEBHOOK_SECRET: '' },
    };
    for (const name of TIDEMARK) expect(services[name]?.env_file).toEqual([{ path: '.env', required: false }]);
    expect(services['migrate']?.environment).toMatchObject({
      ...keysOfApi,
      ...keysOfWorker,
      ...{ METRICS_TOKEN: '', CLICKHOUSE_URL: '' },
    });
    for (const name of ['api', 'api-2']) {
      expect(services[name]?.environment).toMatchObject({ ...owners, ...keysOfWorker });
    }
    for (const name of ['worker', 'worker-2']) {
      expect(services[name]?.environment).toMatchObject({ ...owners, ...keysOfApi });
    }
  });

  it('keeps the ports of the containers, whatever .env says of those of this machine', () => {
    for (const name of TIDEMARK) {
      expect(services[name]?.environment).toMatchObject({ HOST: '0.0.0.0', PORT: 3000, WORKER_HEALTH_PORT: 3001 });
    }
  });

  it('has no secret in it and none that is optional', () => {
    const variables = [...text.matchAll(/\$\{(\w+)(:?[-?][^}]*)?\}/g)];
    // of a service that starts only when it is asked for, and not without it
    const ofProfile = ['CLICKHOUSE_PASSWORD'];
    const secrets = variables.filter(([, name = '']) => /PASSWORD|SECRET|KEY/.test(name) && !ofProfile.includes(name));
    for (const name of ofProfile) expect(text).toContain(['$${', name, ':?set it in .env}'].join(''));
    expect(new Set(secrets.map(([, name]) => name))).toEqual(
      new Set(['POSTGRES_PASSWORD', 'POSTGRES_RUNTIME_PASSWORD', 'PLATFORM_API_KEY']),
    );
    for (const [, , otherwise] of secrets) expect(otherwise).toMatch(/^:\?./);
    for (const [, { environment = {} }] of each) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|_KEY$/.test(name) && value !== '' && !ofProfile.includes(name))
          expect(required(value)).toBeDefined();
      }
    }
  });

  it('gives the services settings that exist', () => {
    const known = [
      ...Object.keys(SETTINGS),
      ...['POSTGRES_PASSWORD', 'POSTGRES_RUNTIME_PASSWORD', 'CLICKHOUSE_PASSWORD'],
    ];
    for (const name of TIDEMARK) {
      expect(known).toEqual(expect.arrayContaining(Object.keys(services[name]?.environment ?? {})));
    }
  });
});

describe('the profile cluster', () => {
  const added = each.filter(([, { profiles }]) => profiles?.includes('cluster'));

  it('adds a second API and a second worker that differ from the first in nothing but the port', () => {
    expect(added.map(([name]) => name)).toEqual(['api-2', 'worker-2', 'balancer']);
    for (const name of ['api', 'worker']) {
      const { profiles: _, ports: __, ...second } = services[`${name}-2`]!;
      const { ports: ___, ...first } = services[name]!;
      expect(second).toEqual(first);
    }
  });

  it('balances them with the file of the documentation, which a test of restarts runs', () => {
    const balancer = services['balancer']!;
    expect(balancer.image).toMatch(/^haproxy:\d+\.\d+\.\d+$/);
    expect(balancer.volumes).toEqual(['./docs/examples/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro']);
    const { PORT } = services['api']?.environment ?? {};
    expect(balancer.environment).toEqual({ API_1: `api:${PORT}`, API_2: `api-2:${PORT}` });
    const configuration = readFileSync('docs/examples/haproxy.cfg', 'utf8');
    for (const name of ['API_1', 'API_2']) expect(configuration).toContain(`"\${${name}}"`);
    expect(configuration).toContain('bind :8080');
  });

  it('tells in its comment what must be set, by the names that settings and variables have', () => {
    const comment = text.split('\n').filter((line) => line.startsWith('#')).join('\n'); // prettier-ignore
    for (const name of ['SHUTDOWN_GRACE_SECONDS', 'API_REPLICAS', 'TRUST_PROXY']) {
      expect(Object.keys(SETTINGS)).toContain(name);
      expect(comment).toContain(name);
    }
    const variables = [...text.matchAll(/\$\{((?:CLUSTER|BALANCER)_\w+):-/g)].map(([, name]) => name!);
    for (const name of variables) expect(comment).toContain(name);
  });
});

interface Lock {
  packages: Record<
    string,
    { version: string; dev?: boolean; optional?: boolean; devOptional?: boolean; peer?: boolean }
  >;
}

describe('the profile observability', () => {
  const observers = each.filter(([, { profiles }]) => profiles?.includes('observability'));
  const mounts = (name: string) =>
    new Map(
      (services[name]?.volumes ?? []).map((volume) => volume.split(':').slice(0, 2).reverse() as [string, string]),
    );
  const read = (name: string, path: string) => parse(readFileSync(mounts(name).get(path)!, 'utf8')) as unknown;

  it('has Prometheus and Grafana, of a release each, with the files of docs/monitoring', () => {
    expect(observers.map(([name]) => name)).toEqual(['prometheus', 'grafana']);
    for (const [name, { image }] of observers) {
      expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
      for (const [, source] of mounts(name)) if (source.startsWith('.')) expect(existsSync(source)).toBe(true);
    }
  });

  it('scrapes API and worker under the names that the alert rules ask for', () => {
    const path = services['prometheus']?.command?.[0]?.split('=')[1] ?? '';
    const { scrape_configs, rule_files } = read('prometheus', path) as {
      scrape_configs: { job_name: string; authorization: object; static_configs: { targets: string[] }[] }[];
      rule_files: string[];
    };
    expect(rule_files.map((file) => mounts('prometheus').get(`/etc/prometheus/${file}`))).toEqual([
      './docs/monitoring/alerts.yml',
    ]);
    const { PORT, WORKER_HEALTH_PORT } = services['api']?.environment ?? {};
    const jobs = scrape_configs.map(({ job_name, static_configs }) => [job_name, static_configs[0]!.targets]);
    expect(Object.fromEntries(jobs)).toEqual({
      'tidemark-api': [`api:${PORT}`],
      'tidemark-worker': [`worker:${WORKER_HEALTH_PORT}`],
    });
    for (const { authorization } of scrape_configs) {
      expect(authorization).toEqual({ credentials_file: '/tmp/metrics-token' });
    }
  });

  it('gives Prometheus the token in a file, and says so when there is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-token-'));
    const { entrypoint, environment } = services['prometheus']!;
    expect(environment).toEqual({ METRICS_TOKEN: '${METRICS_TOKEN:-}' });
    const [shell, options, script, name] = entrypoint!.map((word) => word.replaceAll('$$', '$'));
    const own = script!.replace('/tmp/', `${folder}/`).replace('exec prometheus', 'exec echo');
    const start = (METRICS_TOKEN: string) =>
      run(shell!, [options!, own, name!, '--config.file=x y'], { env: { PATH: process.env['PATH'], METRICS_TOKEN } });
    expect((await start('a token with $ and spaces')).stdout).toBe('--config.file=x y\n');
    expect(readFileSync(join(folder, 'metrics-token'), 'utf8')).toBe('a token with $ and spaces');
    expect(statSync(join(folder, 'metrics-token')).mode & 0o777).toBe(0o600);
    await expect(start('')).rejects.toMatchObject({ stderr: expect.stringContaining('set it in .env') as string });
    rmSync(folder, { recursive: true });
  });

  it('shows the dashboard in Grafana, from that Prometheus, to readers only', () => {
    const { datasources } = parse(
      readFileSync('docs/monitoring/grafana-provisioning/datasources/prometheus.yml', 'utf8'),
    ) as { datasources: object[] };
    expect(datasources).toEqual([
      expect.objectContaining({ type: 'prometheus', url: 'http://prometheus:9090', isDefault: true }),
    ]);
    const { providers } = parse(
      readFileSync('docs/monitoring/grafana-provisioning/dashboards/tidemark.yml', 'utf8'),
    ) as { providers: { options: { path: string } }[] };
    const board = `${providers[0]!.options.path}/tidemark.json`;
    expect(mounts('grafana').get(board)).toBe('./docs/monitoring/grafana.json');
    expect(mounts('grafana').get('/etc/grafana/provisioning')).toBe('./docs/monitoring/grafana-provisioning');
    expect(services['grafana']?.environment).toMatchObject({
      ...{ GF_AUTH_ANONYMOUS_ENABLED: 'true', GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer' },
      ...{ GF_AUTH_BASIC_ENABLED: 'false', GF_AUTH_DISABLE_LOGIN_FORM: 'true' },
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: board,
    });
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');
  const lines = dockerfile.replaceAll(/\\\n\s*/g, '').split('\n');
  const { version, license, description } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;

  it('ends as a user without rights, and listens on the address of the container', () => {
    expect(lines.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
    expect(lines).toContain('ENV NODE_ENV=production HOST=0.0.0.0');
  });

  it('labels the image as the project calls itself', () => {
    const label = (name: string) =>
      new RegExp(`org\\.opencontainers\\.image\\.${name}="([^"]*)"`).exec(dockerfile)?.[1];
    expect([label('description'), label('licenses'), label('version')]).toEqual([description, license, '$VERSION']);
    expect(lines).toContain(`ARG VERSION=${version}`);
    expect(dockerfile).toContain(`FROM ${label('base.name')?.replace('docker.io/library/', '')}\n`);
  });

  it('asks the process of the container whether it is ready, whichever it is', async () => {
    const check = JSON.parse(/^HEALTHCHECK .*CMD (\[.+\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    expect(check).toEqual(['node', 'healthcheck.mjs']);
    expect(lines.find((line) => line.startsWith('COPY') && line.includes(' scripts/healthcheck.mjs '))).toBeDefined();
    const answered: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      answered.push(url);
      response.writeHead(url === '/health/ready' ? 200 : 503).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [own, none] = [String((server.address() as AddressInfo).port), '1'];
    const exitCode = (env: Record<string, string>) =>
      run('node', ['scripts/healthcheck.mjs'], { env: { PATH: process.env['PATH'], ...env } }).then(
        () => 0,
        ({ code }: { code: number }) => code,
      );
    expect(await exitCode({ PORT: none, WORKER_HEALTH_PORT: own })).toBe(0);
    expect(await exitCode({ PORT: own, WORKER_HEALTH_PORT: none })).toBe(1); // an API that is not ready
    expect(await exitCode({ PORT: none, WORKER_HEALTH_PORT: none })).toBe(1);
    expect(answered).toEqual(['/health/ready', '/api/v1/health/ready']);
    server.close();
  });

  it('lists everything that the image is made of', async () => {
    const command = /^RUN (npm pkg delete .+ && npm sbom .+) > sbom\.cdx\.json$/m.exec(lines.join('\n'))?.[1];
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
    const kept = Object.entries(packages).filter(
      ([path, { dev, optional, devOptional, peer }]) => path !== '' && !dev && !optional && !devOptional && !peer,
    );
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-sbom-'));
    // As it is after npm prune; npm looks at nothing but these files.
    for (const path of ['', ...kept.map(([name]) => name)]) {
      mkdirSync(join(folder, path), { recursive: true });
      copyFileSync(join(path, 'package.json'), join(folder, path, 'package.json'));
    }
    const { stdout } = await run('sh', ['-c', command!], { cwd: folder, maxBuffer: 1e8 });
    rmSync(folder, { recursive: true });
    const { bomFormat, components } = JSON.parse(stdout) as {
      bomFormat: string;
      components: { purl: string; version: string }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const listed = components.map(({ purl }) => decodeURIComponent(purl).replace('pkg:npm/', ''));
    const wanted = kept.map(([path, { version: of }]) => `${path.split('node_modules/').pop()}@${of}`);
    expect([...new Set(wanted)].sort()).toEqual([...new Set(listed)].sort());
    expect(lines).toContain('COPY --from=build /app/sbom.cdx.json ./');
  }, 30_000);

  it('has the command line on its PATH, under the name of package.json', () => {
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
    expect(bin).toEqual({ tidemark: 'dist/cli.js' });
    expect(lines).toContain('RUN chmod +x dist/cli.js && ln -s /app/dist/cli.js /usr/local/bin/tidemark');
    expect(readFileSync('src/cli.ts', 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
