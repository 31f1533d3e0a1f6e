import type { Child } from './child.js';
import { progress } from './progress.js';
import { type Build, SourceWatch } from './source-watch.js';

export interface Reloaded {
  children: readonly Child[];
  migrate: () => Promise<unknown>;
  waitUntilReady: () => Promise<void>;
  onSpawn: (script: string, pid: number) => void;
}

/** `npm run dev`: API and worker end and start again with each build, one build after the other. */
export class Reload {
  private readonly watch: SourceWatch;
  private waiting: Build | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly parts: Reloaded) {
    this.watch = new SourceWatch((build) => this.onBuild(build), parts.onSpawn);
  }

  start(): void {
    this.watch.start();
  }

  async stop(): Promise<void> {
    await this.watch.stop();
    this.waiting = undefined;
    await this.running;
  }

  private onBuild({ migrations }: Build): void {
    this.waiting = { migrations: migrations || this.waiting?.migrations === true };
    this.running ??= this.reloadAll().finally(() => (this.running = undefined));
  }

  private async reloadAll(): Promise<void> {
    for (let build; (build = this.waiting) !== undefined;) {
      this.waiting = undefined;
      await this.reload(build).catch((error: Error) => progress(error.message));
    }
  }

  private async reload(build: Build): Promise<void> {
    const start = performance.now();
    const { children } = this.parts;
    await Promise.all(children.map((child) => child.stop()));
    if (build.migrations) await this.parts.migrate();
    for (const child of children) child.startAnew();
    await this.parts.waitUntilReady();
    progress(`restarted with the new build in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
}
