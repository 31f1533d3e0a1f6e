import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { alertConditions } from '../../src/monitoring/alert-conditions.js';
import { loadConfig, SETTINGS } from '../../src/platform/config/config.js';
import { trustedProxies } from '../../src/platform/http/client-address.js';
import { type Manifest, readKustomization, readManifests, resourcesOf, validate } from '../support/manifests.js';

interface Reference {
  name: string;
  key: string;
  optional?: boolean;
}

interface Container {
  name: string;
  image: string;
  command: string[];
  ports?: { name: string; containerPort: number }[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: Reference } }[];
  envFrom?: { configMapRef: { name: string } }[];
  securityContext: object;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  volumeMounts?: { name: string; mountPath: string }[];
  [probe: `${string}Probe`]: { httpGet: { path: string; port: string } };
}

interface Workload {
  replicas?: number;
  strategy?: { rollingUpdate: { maxSurge: number } };
  selector?: { matchLabels: Record<string, string> };
  template: {
    metadata: { labels: Record<string, string> };
    spec: {
      securityContext: object;
      automountServiceAccountToken: boolean;
      containers: Container[];
      volumes?: { name: string; emptyDir?: { sizeLimit: string } }[];
    };
  };
}

interface PodSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In'; values: string[] }[];
}

interface NetworkPolicy {
  podSelector: PodSelector;
  policyTypes: string[];
  ingress?: { from?: object[]; ports: { port: number | string }[] }[];
  egress?: { ports: { port: number | string }[] }[];
}

const OVERLAY = 'k8s/overlays/example';
const manifests = resourcesOf(OVERLAY);
const monitoring = resourcesOf('k8s/components/monitoring');
const secrets = readManifests('k8s/secrets.example.yaml');
const each = [...manifests, ...monitoring, ...secrets].map(
  (manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const,
);
const specOf = <T>(kind: string, name: string) =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)!.spec as T;
const workloads = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
const podOf = ({ spec }: Manifest) => (spec as unknown as Workload).template;
/** What the kustomization of the base adds is in no file of it. */
const { labels: added } = readKustomization<{ labels: { pairs: Record<string, string> }[] }>('k8s/base');
/** Every set of labels that the selector asks for. */
const podsOf = ({ matchLabels = {}, matchExpressions = [] }: PodSelector): Record<string, string>[] => {
  const [expression] = matchExpressions;
  const own = Object.entries(matchLabels).filter(([name]) => !(name in added[0]!.pairs));
  const values = expression?.values.map((value) => ({ [expression.key]: value })) ?? [{}];
  return values.map((value) => ({ ...Object.fromEntries(own), ...value }));
};
const policies = manifests
  .filter(({ kind }) => kind === 'NetworkPolicy')
  .map(({ spec }) => spec as unknown as NetworkPolicy);
const containerOf = (manifest: Manifest) => podOf(manifest).spec.containers[0]!;
const container = (name: string) => workloads.map(containerOf).find((found) => found.name === name)!;
const settings = () => manifests.find(({ kind }) => kind === 'ConfigMap')!.data!;
const config = () => loadConfig({ ...settings(), DATABASE_URL: 'postgresql://localhost/none' });

describe('the manifests for Kubernetes', () => {
  it.each(each)('fit the schema of Kubernetes, without a field that it does not know: %s', (_name, manifest) => {
    expect(validate(manifest)).toEqual([]);
  });

  it('would not fit with a field that is misspelt, missing or of another kind', () => {
    const plant = (change: (pod: { spec: Record<string, unknown> }) => void) => {
      const copy = structuredClone(workloads.find(({ kind }) => kind === 'Deployment')!);
      change(podOf(copy));
      return copy;
    };
    expect(validate(plant(({ spec }) => (spec['terminationGracePeriod'] = 5)))).toEqual([
      '/spec/template/spec/terminationGracePeriod',
    ]);
    expect(() => validate(plant(({ spec }) => delete spec['containers']))).toThrow(/containers/);
    expect(() => validate(plant(({ spec }) => (spec['restartPolicy'] = 5)))).toThrow(/restartPolicy/);
  });

  it.each(workloads.map((workload) => [workload.metadata.name, workload] as const))(
    'confine %s: no root, no capability, no token, nothing to write on but a bounded /tmp, and bounded memory',
    (_name, workload) => {
      const { spec } = podOf(workload);
      expect(spec.containers).toHaveLength(1);
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      const { securityContext, resources, volumeMounts } = containerOf(workload);
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect([resources.requests['cpu'], resources.requests['memory'], resources.limits['memory']]).not.toContain(
        undefined,
      );
      const isDeployment = workload.kind === 'Deployment';
      expect(spec.volumes ?? []).toEqual(
        isDeployment
          ? [
              { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
              { name: 'redis-ca', secret: { secretName: 'tidemark-redis-ca', optional: true } },
            ]
          : [],
      );
      expect(volumeMounts ?? []).toEqual(
        isDeployment
          ? [
              { name: 'tmp', mountPath: '/tmp' },
              { name: 'redis-ca', mountPath: '/etc/tidemark/redis', readOnly: true },
            ]
          : [],
      );
      // no setting here names a file to write
      expect(Object.keys(settings()).filter((name) => /_(FILE|DIR|LOG)$/.test(name))).toEqual([]);
    },
  );

  it('give the processes settings that exist, with values that are taken, and no secret among them', () => {
    const names = workloads.flatMap((workload) => (containerOf(workload).env ?? []).map(({ name }) => name));
    const known = Object.keys(SETTINGS);
    expect([...new Set([...names, ...Object.keys(settings())])].filter((name) => !known.includes(name))).toEqual([]);
    for (const [name, { isSecret }] of Object.entries(SETTINGS))
      if (isSecret) expect(settings()).not.toHaveProperty(name);
    expect(config()).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0' });
    const { patches } = readKustomization<{ patches: { patch: string }[] }>(OVERLAY);
    const { data } = parse(patches[0]!.patch) as { data: Record<string, string> };
    expect(known).toEqual(expect.arrayContaining(Object.keys(data)));
    const changed = loadConfig({ ...settings(), ...data, DATABASE_URL: 'postgresql://localhost/none' });
    expect(trustedProxies(changed.TRUST_PROXY)('10.1.2.3', 0)).toBe(true);
  });

  it('take every secret by reference, from those that the example names', () => {
    const all = secrets.flatMap(({ metadata: { name }, stringData = {} }) =>
      Object.keys(stringData).map((key) => `${name}/${key}`),
    );
    const mounted = ['tidemark-redis-ca/ca.pem']; // a file, not a setting
    expect(all).toEqual(expect.arrayContaining(mounted));
    const documented = all.filter((name) => !mounted.includes(name));
    const used = workloads.flatMap((workload) => containerOf(workload).env ?? []);
    for (const { name, value, valueFrom } of used) {
      expect(value).toBeUndefined();
      expect(valueFrom?.secretKeyRef?.key).toBe(name);
    }
    const references = used.map(({ valueFrom }) => `${valueFrom!.secretKeyRef!.name}/${valueFrom!.secretKeyRef!.key}`);
    expect([...new Set(references)].sort()).toEqual(documented.sort());
    expect(readFileSync('k8s/secrets.example.yaml', 'utf8').match(/^ {2}\w+: \S{20,}/gm)).toEqual([
      expect.stringContaining('PASSWORD@'),
      expect.stringContaining('PASSWORD@'),
    ]);
  });

  it('let the migrations alone be the owner of the tables, and the workers alone sign', () => {
    const has = (name: string) => container(name).env!.map(({ name: setting }) => setting);
    expect(has('migrate')).toEqual(['DATABASE_URL', 'DATABASE_MIGRATION_URL']);
    for (const name of ['api', 'worker']) expect(has(name)).not.toContain('DATABASE_MIGRATION_URL');
    expect(has('api').filter((name) => name.includes('SIGNING'))).toEqual([]);
    expect(has('worker')).not.toContain('PLATFORM_API_KEY');
  });

  it('probe addresses that answer, at the ports on which the processes listen', () => {
    const source = {
      api: readFileSync('src/platform/health/health.controller.ts', 'utf8'),
      worker: readFileSync('src/platform/health/worker-health.ts', 'utf8'),
    };
    const ports = { api: config().PORT, worker: config().WORKER_HEALTH_PORT };
    for (const name of ['api', 'worker'] as const) {
      const { ports: declared, ...rest } = container(name);
      expect(declared!.map(({ containerPort }) => containerPort)).toEqual([ports[name]]);
      for (const [probe, ending] of Object.entries({ startup: 'live', liveness: 'live', readiness: 'ready' })) {
        const { path, port } = rest[`${probe}Probe`]!.httpGet;
        expect(port).toBe(declared![0]!.name);
        expect(path).toBe(name === 'api' ? `/api/v1/health/${ending}` : `/health/${ending}`);
        expect(source[name]).toContain(`health/${ending}'`);
      }
    }
    expect(readFileSync('Dockerfile', 'utf8')).toContain(`EXPOSE ${ports.api} ${ports.worker}`);
  });

  it('select the pods they are about', () => {
    const labels = workloads.map((workload) => podOf(workload).metadata.labels);
    const selectors = manifests.flatMap(({ kind, spec = {} }) => {
      if (kind === 'Service') return [spec['selector']];
      if (kind === 'NetworkPolicy') return podsOf(spec['podSelector'] as PodSelector);
      return ['Deployment', 'PodDisruptionBudget'].includes(kind)
        ? [(spec['selector'] as { matchLabels: object }).matchLabels]
        : [];
    });
    expect(selectors.length).toBeGreaterThanOrEqual(6);
    for (const selector of selectors) expect(labels).toContainEqual(expect.objectContaining(selector));
    expect(specOf<{ scaleTargetRef: object }>('HorizontalPodAutoscaler', 'tidemark-api').scaleTargetRef).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'tidemark-api',
    });
  });

  it('let out names, PostgreSQL and Redis for all, HTTPS for API and workers, and in the API alone', () => {
    const ports = (component: string, way: 'ingress' | 'egress') =>
      policies
        .filter(({ podSelector }) =>
          podsOf(podSelector).some((labels) => Object.values(labels).every((value) => value === component)),
        )
        .flatMap((policy) => (policy[way] ?? []).flatMap((rule) => rule.ports.map(({ port }) => port)));
    expect(policies.some(({ podSelector, policyTypes }) => !podSelector.matchLabels && policyTypes.length === 2)).toBe(
      true,
    );
    expect(ports('migrate', 'egress')).toEqual([53, 53, 5432, 6379]);
    for (const name of ['api', 'worker']) expect(ports(name, 'egress')).toEqual([53, 53, 5432, 6379, 443]);
    expect(['api', 'worker', 'migrate'].map((name) => ports(name, 'ingress'))).toEqual([['http'], [], []]);
  });

  it('let Prometheus find every process under the name that the alert rules ask for, and reach it', () => {
    const find = <T>(kind: string) => monitoring.find((manifest) => manifest.kind === kind)!.spec as T;
    const { endpoints, selector } = find<{
      endpoints: { port: string; path: string; authorization: { credentials: Reference } }[];
      selector: PodSelector;
    }>('ServiceMonitor');
    expect(selector.matchLabels).toEqual(added[0]!.pairs);
    const services = [...manifests, ...monitoring].filter(({ kind }) => kind === 'Service');
    const ports = services.map(({ metadata, spec }) => [
      metadata.name,
      (spec!['ports'] as { name: string }[])[0]!.name,
    ]);
    expect(Object.fromEntries(ports)).toEqual({ 'tidemark-api': 'http', 'tidemark-worker': 'health' });
    expect(endpoints.map(({ port, path }) => [port, path])).toEqual([
      ['http', '/metrics'],
      ['health', '/metrics'],
    ]);
    for (const name of ['api', 'worker']) {
      const token = container(name).env!.find((setting) => setting.name === 'METRICS_TOKEN')!;
      for (const { authorization } of endpoints) {
        expect(token.valueFrom!.secretKeyRef).toEqual({ ...authorization.credentials, optional: true });
      }
    }
    const { groups } = parse(readFileSync('docs/monitoring/alerts.yml', 'utf8')) as { groups: object[] };
    expect(find('PrometheusRule')).toEqual({ groups });
    const { podSelector, ingress } = find<NetworkPolicy>('NetworkPolicy');
    expect(podsOf(podSelector).map((labels) => Object.values(labels)[0])).toEqual(['api', 'worker']);
    expect(ingress).toEqual([
      expect.objectContaining({ ports: endpoints.map(({ port }) => ({ protocol: 'TCP', port })) }),
    ]);
  });

  it('share rate limits among all API pods there may be, and stay below 100 connections with a Redis', () => {
    const { maxReplicas } = specOf<{ maxReplicas: number }>('HorizontalPodAutoscaler', 'tidemark-api');
    const { API_REPLICAS, DB_POOL_SIZE } = config();
    expect(API_REPLICAS).toBe(maxReplicas);
    const worker = specOf<Workload>('Deployment', 'tidemark-worker');
    const api = specOf<Workload>('Deployment', 'tidemark-api');
    expect(api.replicas).toBeUndefined(); // each apply would undo what the autoscaler did
    const surge = (of: Workload) => of.strategy!.rollingUpdate.maxSurge;
    // beside the pool: one for probes, and in the API two for keys and tenants
    const apis = (maxReplicas + surge(api)) * (DB_POOL_SIZE + 3);
    const workers = (worker.replicas! + surge(worker)) * (DB_POOL_SIZE + 1);
    expect(apis + workers + 1).toBeLessThanOrEqual(97); // three are PostgreSQL's own
  });
});

describe('docs/operations.md', () => {
  const page = readFileSync('docs/operations.md', 'utf8');
  const named = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, name]) => name!);

  it('names objects, overlays and labels of the manifests', () => {
    const objects = manifests.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
    expect(objects).toEqual(expect.arrayContaining(named(/\b((?:job|deployment)\/[\w-]+)/g)));
    expect(objects).toContain(`job/${named(/delete job ([\w-]+)/g)[0]}`);
    expect(new Set(named(/apply -k (\S+)/g))).toEqual(new Set([OVERLAY]));
    const { namespace } = readKustomization<{ namespace: string }>(OVERLAY);
    expect(new Set(named(/kubectl -n (\S+)/g))).toEqual(new Set([namespace]));
    const labels = manifests.flatMap(({ metadata }) => Object.entries(metadata.labels ?? {}));
    expect(labels.map((label) => label.join('='))).toEqual(expect.arrayContaining(named(/ -l (\S+)/g)));
  });

  it('says what to do about each alert, of Prometheus and of the webhook', () => {
    const { groups } = parse(readFileSync('docs/monitoring/alerts.yml', 'utf8')) as {
      groups: { rules: { alert: string }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules.map(({ alert }) => alert));
    expect(named(/^### (Tidemark\w+)/gm)).toEqual(rules);
    const posted = alertConditions(loadConfig({ DATABASE_URL: 'postgresql://localhost/none' })).map(({ name }) => name);
    expect(named(/^### Tidemark\w+ \(`([\w-]+)`\)$/gm).sort()).toEqual(posted.sort());
  });

  it('names commands and settings that there are, and no figure but those of the README', () => {
    const commands = readFileSync('src/cli/commands.ts', 'utf8');
    for (const command of named(/npm run cli -- ([\w-]+)/g)) expect(commands).toContain(`'${command}`);
    const settings = named(/`([A-Z]+_[A-Z_]+)`/g);
    expect(settings.filter((name) => !(name in SETTINGS))).toEqual([]);
    const [, sizing] = /## Sizing([\s\S]*?)## Connections/.exec(page)!;
    const figures = sizing!.match(/\d{1,3}(?:,\d{3})+|\d+ (?=MB)/g)!;
    const readme = readFileSync('README.md', 'utf8');
    for (const figure of figures) expect(readme).toContain(figure.trim());
  });
});
