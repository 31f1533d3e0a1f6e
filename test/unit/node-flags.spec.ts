import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../src/platform/config/node-flags.js';
import { packageRoot } from '../../src/platform/config/package-root.js';

describe('the flags of Node', () => {
  it.each(['package.json', 'Dockerfile', 'docker-compose.yml'])('are in every start of a process in %s', (file) => {
    const text = readFileSync(join(packageRoot, file), 'utf8');
    const starts =
      text.match(/^.*\bnode\b.*dist\/(main|worker)\.js.*$/gm)?.filter((line) => !line.startsWith('#')) ?? [];
    expect(starts.length).toBeGreaterThan(0);
    for (const start of starts) {
      const words = start.split(/[\s'",[\]]+/);
      const node = words.indexOf('node');
      expect(words.slice(node + 1, node + 1 + NODE_FLAGS.length)).toEqual(NODE_FLAGS);
    }
  });
});
