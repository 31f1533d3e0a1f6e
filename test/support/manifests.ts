import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec?: Record<string, unknown>;
}

interface Kustomization {
  resources?: string[];
  components?: string[];
}

interface Model {
  prototype: { validate(this: unknown): void };
}

const require = createRequire(join(process.cwd(), 'package.json'));

const PACKAGES: Record<string, string> = { 'monitoring.coreos.com': '@kubernetes-models/prometheus-operator' };

export const readManifests = (file: string): Manifest[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Manifest);

/** What a kustomization deploys, before its patches: its own resources, and those of what it builds on. */
export function resourcesOf(folder: string): Manifest[] {
  const { resources = [], components = [] } = readKustomization(folder);
  return [...resources, ...components].flatMap((path) =>
    path.endsWith('.yaml') ? readManifests(join(folder, path)) : resourcesOf(join(folder, path)),
  );
}

export const readKustomization = <T extends object = object>(folder: string) =>
  parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization & T;

/**
 * Holds a manifest to the schema that Kubernetes has for its kind, and finds fields that this schema does not know: a
 * validator that was compiled from a schema reads every field it knows, and no other.
 * @returns the addresses of unknown fields
 * @throws Error for fields that are missing or of another kind
 */
export function validate(manifest: Manifest): string[] {
  const read = new Set<string>();
  const { prototype } = modelOf(manifest);
  prototype.validate.call(watched(manifest, '', read));
  return fieldsOf(manifest, '').filter((path) => !read.has(path));
}

function modelOf({ apiVersion, kind }: Manifest): Model {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
  const module = require(`${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`) as Record<string, Model>;
  return module[kind]!;
}

function watched<T>(value: T, path: string, read: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof name === 'symbol') return found;
      read.add(`${path}/${name}`);
      return watched(found, `${path}/${name}`, read);
    },
  });
}

function fieldsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [`${path}/${name}`, ...fieldsOf(inner, `${path}/${name}`)]);
}
