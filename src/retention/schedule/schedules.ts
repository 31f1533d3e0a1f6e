import type { Config } from '../../platform/config/config.js';

/** The setting that says when each task is due. */
const CRON_SETTINGS = {
  events: 'RETENTION_EVENTS_CRON',
  audit: 'RETENTION_AUDIT_CRON',
  housekeeping: 'RETENTION_HOUSEKEEPING_CRON',
} as const;

export type TaskName = keyof typeof CRON_SETTINGS;

/** When a task is due. */
export interface Schedule {
  name: string;
  /** Five fields of cron. */
  cron: string;
  timeZone: string;
}

export const cronOf = (config: Config, task: TaskName): string => config[CRON_SETTINGS[task]];

/** Of every task, for who only watches: those who do them have the tasks themselves. */
export function schedulesOf(config: Config): Schedule[] {
  const names = Object.keys(CRON_SETTINGS) as TaskName[];
  return names.map((name) => ({ name, cron: cronOf(config, name), timeZone: config.RETENTION_TIME_ZONE }));
}
