import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Repeating } from '../../platform/scheduling/repeating.js';
import { MINUTE_MS } from '../../platform/time/time.js';
import type { SignedCheckpoint } from './audit-tree.repository.js';
import { SealingService } from './sealing.service.js';

const PAUSE_MS = 1_000;

/**
 * Seals new audit entries every second. A plain timer: the waiting entries are in PostgreSQL, so no queue is needed.
 */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(AuditSealer.name);
  private stopping = false;
  /** The newest checkpoint of each tenant that the log file does not hold yet. */
  private readonly unlogged = new Map<string, SignedCheckpoint>();
  private loggedAt = 0;
  private readonly repeating = new Repeating(
    PAUSE_MS,
    () => this.seal(),
    (error) => this.logger.warn(`sealing: ${error.message}`),
  );

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly sealing: SealingService,
  ) {}

  onApplicationBootstrap(): void {
    this.repeating.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.repeating.stop();
    await this.logCheckpoints();
  }

  /** Repeats until nothing waits. */
  async seal(): Promise<void> {
    for (let more = true; more && !this.stopping;) {
      const pass = await this.sealing.sealOnce();
      for (const checkpoint of pass.checkpoints) this.unlogged.set(checkpoint.tenantId, checkpoint);
      more = pass.more;
    }
    if (Date.now() - this.loggedAt >= MINUTE_MS) await this.logCheckpoints();
  }

  /** The external anchor: a file that the owner of the database need not be able to change. */
  private async logCheckpoints(): Promise<void> {
    const file = this.config.AUDIT_CHECKPOINT_LOG;
    if (file === undefined || this.unlogged.size === 0) return;
    const notes = [...this.unlogged.values()].map((checkpoint) => `${checkpoint.note}\n`);
    await mkdir(dirname(file), { recursive: true });
    await appendFile(file, notes.join(''));
    this.unlogged.clear();
    this.loggedAt = Date.now();
  }
}
