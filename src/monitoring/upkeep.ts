import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../platform/config/config.js';
import { ScheduleStatus, type TaskStatus } from '../retention/schedule/schedule-status.js';
import { type Storage, toStorage } from '../retention/storage/storage.js';
import { InstallationRepository } from './installation.repository.js';

/** However often it is asked for, what is on disk is measured once in this time. */
const FRESH_MS = 60_000;

/** Whether what is past its time goes when it should, and whether there is room for the rest. */
@Injectable()
export class Upkeep {
  private storage: Promise<Storage> | undefined;
  private measuredAt = -Infinity;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly installation: InstallationRepository,
    private readonly schedules: ScheduleStatus,
  ) {}

  listTasks(): Promise<TaskStatus[]> {
    return this.schedules.read();
  }

  /** At most a minute old. Who asks while it is measured waits for the same answer; what failed is tried again. */
  async getStorage(): Promise<Storage> {
    if (this.storage === undefined || performance.now() - this.measuredAt > FRESH_MS) {
      this.measuredAt = performance.now();
      this.storage = this.installation.measureStorage().then((measured) => toStorage(measured, this.config));
    }
    try {
      return await this.storage;
    } catch (error) {
      this.measuredAt = -Infinity;
      throw error;
    }
  }
}
