import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { runInThisContext } from 'node:vm';
import { parse } from 'yaml';

const SharedRealmEnvironment = createRequire(__filename)('../support/jest-environment.cjs') as new (config: object) => {
  teardown(): Promise<void>;
};

interface Spec {
  path: string;
  context: { config: { rootDir: string } };
}
const LongestFirst = createRequire(__filename)('../support/longest-first.cjs') as new (options: object) => {
  sort(specs: readonly Spec[]): Spec[];
};

const read = (file: string) => readFileSync(file, 'utf8');
const { scripts, engines } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  engines: { node: string };
};
const DOCUMENTS = ['CONTRIBUTING.md', 'README.md', 'CHANGELOG.md', 'SECURITY.md', '.github/pull_request_template.md'];

describe('what the project says of itself', () => {
  it.each(DOCUMENTS)('names only files and commands that are there: %s', (document) => {
    const text = read(document);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path!);
    const named = [...text.matchAll(/`((?:src|test|docs|migrations|scripts|bench|\.ci)\/[\w./-]+)`/g)].map(
      ([, path]) => path!,
    );
    expect([...links, ...named].filter((path) => !existsSync(path))).toEqual([]);
    const commands = [...text.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name]) => name!);
    expect(commands.filter((name) => scripts[name] === undefined)).toEqual([]);
    const specs = [...text.matchAll(/npm test -- (test\/[\w./-]+)/g)].map(([, path]) => path!);
    expect(specs.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('runs on one LTS in images and shells, and CI on it and on the oldest Node there may be', () => {
    const lts = read('.nvmrc').trim();
    expect(read('Dockerfile').match(/^FROM \S+/gm)).toEqual(Array(2).fill(`FROM node:${lts}-bookworm-slim`));
    const { jobs } = parse(read('.github/workflows/ci.yml')) as {
      jobs: { run: { strategy: { matrix: { node: string[] } }; steps: { run?: string }[] } };
    };
    const { strategy, steps } = jobs.run;
    expect(strategy.matrix.node.map(String)).toEqual([engines.node.replace('>=', ''), lts]);
    expect(steps.map(({ run }) => run)).toContain('.ci/run');
    expect(read('.ci/run')).toContain(`node@${lts}.`);
  });

  it('sets no flag of V8: what helps one machine hurts another', () => {
    const starts = ['package.json', 'Dockerfile', 'docker-compose.yml', 'src/quickstart/child.ts'].map(read).join('\n');
    expect(starts).not.toMatch(/--(single-threaded|v8-pool|max-semi|max-old)/);
  });
});

describe('memory', () => {
  it.each(['main', 'worker', 'cli'])('the heap of %s is collected before it is several times its objects', (entry) => {
    expect(read(`src/${entry}.ts`)).toMatch(/^ {2}collectEarly\(\);$/m);
  });
});

describe('the order of specs', () => {
  const seconds = JSON.parse(read('test/durations.json')) as Record<string, number>;

  it('is known of specs that are there', () => {
    expect(Object.keys(seconds).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('is that of their durations, the longest first, of new ones by their size', () => {
    const rootDir = process.cwd();
    const [long, short] = [Object.keys(seconds)[0]!, Object.keys(seconds).at(-1)!];
    const unknown = 'CHANGELOG.md';
    const specs = [short, unknown, long].map((name) => ({
      path: join(rootDir, name),
      context: { config: { rootDir } },
    }));
    const order = new LongestFirst({ contexts: [], globalConfig: {} })
      .sort(specs)
      .map(({ path }) => relative(rootDir, path));
    expect(order).toEqual([long, unknown, short]);
    expect(statSync(unknown).size / 1_000).toBeGreaterThan(seconds[short]!);
  });
});

describe('the environment of specs', () => {
  it('is the realm of the packages', () => {
    expect(runInThisContext('[]')).toBeInstanceOf(Array);
    expect(runInThisContext('({ a: [1] })')).toStrictEqual({ a: [1] });
  });

  it('takes back what a spec left in it', async () => {
    const globals = globalThis as Record<string, unknown>;
    const { setTimeout: before } = globalThis;
    const { PATH: path } = process.env;
    const environment = new SharedRealmEnvironment({ projectConfig: { fakeTimers: {} } });
    Object.assign(globals, { left: 1, setTimeout: () => undefined });
    Object.assign(process.env, { LEFT: '1', PATH: '' });
    process.exitCode = 3;
    await environment.teardown();
    expect([globals['left'], process.env['LEFT'], process.exitCode]).toEqual([undefined, undefined, undefined]);
    expect([globalThis.setTimeout, process.env['PATH']]).toEqual([before, path]);
  });
});
