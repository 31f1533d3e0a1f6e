import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const run = (...words: string[]) =>
  execFileSync(process.execPath, words, { encoding: 'utf8', env: { PATH: process.env['PATH'] } });

/** Made by the build, so compared with the build: the swagger plugin does not run inside jest. */
describe('generated files are those of this code (npm run generate)', () => {
  it('openapi.yaml', () => {
    expect(readFileSync('openapi.yaml', 'utf8')).toBe(run('dist/openapi.js'));
  });

  it('the types of the dashboard', () => {
    const words = ['openapi-typescript/bin/cli.js', 'openapi.yaml', '--default-non-nullable=false'];
    const made = execFileSync(process.execPath, [`node_modules/${words[0]}`, ...words.slice(1)], { encoding: 'utf8' });
    expect(readFileSync('dashboard/src/api/schema.d.ts', 'utf8')).toBe(made);
  });

  it('the table of routes and scopes', () => {
    expect(readFileSync('docs/routes.md', 'utf8')).toBe(run('dist/routes-document.js'));
  });

  it('the Postman collection', () => {
    const words = ['scripts/postman-collection.mjs', 'openapi.yaml'];
    const made = execFileSync(process.execPath, words, { encoding: 'utf8' });
    expect(readFileSync('docs/postman/tidemark.json', 'utf8')).toBe(made);
  });

  it('.env.example', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(run('dist/env-example.js'));
  });

  it('docs/monitoring/metrics.md', () => {
    expect(readFileSync('docs/monitoring/metrics.md', 'utf8')).toBe(run('scripts/metrics-document.mjs'));
  });

  it('the alert rules for Kubernetes', () => {
    const made = run('scripts/prometheus-rule.mjs', 'docs/monitoring/alerts.yml');
    expect(readFileSync('k8s/components/monitoring/rules.yaml', 'utf8')).toBe(made);
  });
});
