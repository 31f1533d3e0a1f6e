import type { Config } from '../platform/config/config.js';

export interface Command {
  run(config: Config, words: string[]): Promise<void>;
}

/** A command that needs neither settings nor a database. Resolves to the exit code. */
export interface OfflineCommand {
  runOffline(words: string[]): Promise<number>;
}
