import { readFileSync } from 'node:fs';

const read = (file: string) => readFileSync(file, 'utf8');

describe('what the project says of itself', () => {
  it('sets no flag of V8: what helps one machine hurts another', () => {
    const starts = ['package.json', 'Dockerfile', 'docker-compose.yml', 'src/quickstart/child.ts'].map(read).join('\n');
    expect(starts).not.toMatch(/--(single-threaded|v8-pool|max-semi|max-old)/);
  });
});
