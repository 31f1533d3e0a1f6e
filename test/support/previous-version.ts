import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const git = (...words: string[]): string => {
  const { status, stdout } = spawnSync('git', words, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
};

/** The commit before the one that brought the newest migration; '' without the history. */
export function findPreviousVersion(): string {
  const files = git('ls-files', 'migrations').split('\n');
  const newest = files
    .filter((file) => /^migrations\/\d+-.+\.ts$/.test(file))
    .sort()
    .at(-1);
  const added = git(
    'log',
    '--first-parent',
    '-m',
    '--diff-filter=A',
    '-1',
    '--format=%H',
    '--',
    newest ?? 'migrations',
  );
  return added === '' ? '' : git('rev-parse', '--verify', '--quiet', `${added}^1`);
}

/** Another commit of the product, built in a folder of its own with the dependencies of this one. */
export class BuiltVersion {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-version-'));

  constructor(private readonly commit: string) {}

  async build(): Promise<void> {
    const archive = join(this.folder, 'version.tar');
    await run('git', ['archive', '--output', archive, this.commit]);
    await run('tar', ['-xf', archive, '-C', this.folder]);
    symlinkSync(join(process.cwd(), 'node_modules'), join(this.folder, 'node_modules'));
    const { execPath } = process;
    await run(execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build'], { cwd: this.folder });
    await run(execPath, ['node_modules/typescript/bin/tsc', '-p', 'migrations'], { cwd: this.folder });
    mkdirSync(join(this.folder, 'dist', 'dashboard'), { recursive: true }); // no page is asked for
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
