import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../platform/config/package-root.js';
import { progress } from './progress.js';

const BEGINNING_OF_BUILD = /Starting (incremental )?compilation/;
/** Says how many errors there were. */
const END_OF_BUILD = /Found (\d+) errors?\. Watching for file changes/;
const COMPILER = ['node_modules/@nestjs/cli/bin/nest.js', 'build', '--config', 'nest-cli.dev.json'];
const MIGRATIONS_COMPILER = ['node_modules/typescript/bin/tsc', '-p', 'migrations'];

export interface Build {
  /** Whether migrations are new or changed. */
  migrations: boolean;
}

/** Compiles what changes in `src` and `migrations`, and calls `onBuild` when it is there to be run. */
export class SourceWatch {
  private readonly beganAt = Date.now();
  private compiler: ChildProcess | undefined;
  private migrations: FSWatcher | undefined;
  private migrationsRun: Promise<void> | undefined;
  private isFirst = true;

  constructor(
    private readonly onBuild: (build: Build) => void,
    private readonly onSpawn: (script: string, pid: number) => void,
  ) {}

  start(): void {
    const compiler = this.run([...COMPILER, '--watch', '--preserveWatchOutput']);
    compiler.once('exit', (code) => code !== null && progress(`the compiler ended (code ${code}): nothing is watched`));
    this.compiler = compiler;
    this.migrations = watch(join(packageRoot, 'migrations'), () => {
      this.migrationsRun ??= this.compileMigrations().finally(() => (this.migrationsRun = undefined));
    });
  }

  async stop(): Promise<void> {
    this.migrations?.close();
    const { compiler } = this;
    if (compiler === undefined || compiler.exitCode !== null || compiler.signalCode !== null) return;
    const gone = new Promise((resolve) => compiler.once('exit', resolve));
    compiler.kill();
    await gone;
  }

  private onLine(line: string): void {
    const errors = END_OF_BUILD.exec(line)?.[1];
    if (errors === undefined) {
      if (line.trim() !== '' && !BEGINNING_OF_BUILD.test(line)) process.stdout.write(`${line}\n`);
    } else if (errors !== '0') {
      progress(`${errors} errors: what was built before goes on running`);
    } else {
      // The first build is of what runs already, unless it was changed while this began.
      const isNews = !this.isFirst || newestChange(join(packageRoot, 'src')) > this.beganAt;
      this.isFirst = false;
      if (isNews) this.onBuild({ migrations: false });
      else progress('watching src and migrations');
    }
  }

  private async compileMigrations(): Promise<void> {
    const compiler = this.run(MIGRATIONS_COMPILER);
    const code = await new Promise((resolve) => compiler.once('close', resolve));
    if (code === 0) this.onBuild({ migrations: true });
  }

  /** In a session of its own, as what it compiles for: Ctrl-C is ours to handle. */
  private run([script, ...words]: string[]): ChildProcess {
    const file = join(packageRoot, script!);
    const mask = process.umask(0o022); // the build is nobody's secret
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, [file, ...words], {
      cwd: packageRoot,
      detached: process.platform !== 'win32',
      stdio: [...stdio],
    });
    process.umask(mask);
    if (child.pid !== undefined) this.onSpawn(file, child.pid);
    createInterface({ input: child.stdout }).on('line', (line) => this.onLine(line));
    return child;
  }
}

function newestChange(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
