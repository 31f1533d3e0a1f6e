import type { Config } from '../platform/config/config.js';
import type { Installation } from './installation.repository.js';

/** What conditions are about. */
export interface Observed extends Installation {
  /** Of the scheduled task that is late most. */
  overdueSeconds: number;
  /** Infinity: it never is full, or nobody knows how large it is; null: it could not be measured. */
  diskDaysLeft: number | null;
}

export type Severity = 'critical' | 'warning';

/** Something an operator is alerted to. */
export interface AlertCondition {
  /** Stays the same for ever: receivers tell alerts apart by it. */
  readonly name: string;
  readonly severity: Severity;
  /** It holds while the value is greater, or less where it is a lower bound. */
  readonly threshold: number;
  readonly isLowerBound?: true;
  /** null: it cannot be told, and what held before holds on. */
  readonly valueOf: (found: Observed) => number | null;
  /** A sentence for a person: what is wrong, and where to look first. */
  readonly summary: (value: number) => string;
}

const seconds = (value: number) => `${Math.round(value)} s`;

/** Every condition. What holds or not while PostgreSQL is away cannot be told from here: that is for Prometheus. */
export function alertConditions(config: Config): readonly AlertCondition[] {
  return [
    {
      name: 'events-pending',
      severity: 'critical',
      threshold: config.ALERT_PENDING_SECONDS,
      valueOf: (found) => found.pendingOldestSeconds,
      summary: (value) =>
        `The oldest batch of events has waited ${seconds(value)} to be counted. Look in the log of the workers for batches that fail.`,
    },
    {
      name: 'sealing-stopped',
      severity: 'critical',
      threshold: config.ALERT_SEALING_SECONDS,
      valueOf: (found) => found.unsealedOldestSeconds,
      summary: (value) =>
        `The oldest audit entry has waited ${seconds(value)} to be sealed. Look in the log of the workers for "sealing"; mostly the signing key cannot be read.`,
    },
    {
      name: 'dead-letters',
      severity: 'warning',
      threshold: config.ALERT_DEAD_LETTERS,
      valueOf: (found) => found.openDeadLetters + found.deadDeadLetters,
      summary: (value) => `${value} events could not be processed. GET /api/v1/events/failed says why.`,
    },
    {
      name: 'checkpoint-inconsistent',
      severity: 'critical',
      threshold: 0,
      valueOf: (found) => found.inconsistentTrees,
      summary: (value) =>
        `${value} audit trails do not fit their newest checkpoint: somebody changed the log, or restored a part of it. The log of the workers names the tenants.`,
    },
    {
      name: 'schedule-missed',
      severity: 'warning',
      threshold: config.ALERT_SCHEDULE_SECONDS,
      valueOf: (found) => found.overdueSeconds,
      summary: (value) =>
        `A scheduled task should have been done ${seconds(value)} ago. GET /api/v1/retention/runs says why it failed, or that no worker took it.`,
    },
    {
      name: 'disk-filling',
      severity: 'warning',
      threshold: config.ALERT_DISK_DAYS,
      isLowerBound: true,
      valueOf: (found) => found.diskDaysLeft,
      summary: (value) =>
        `The disk of PostgreSQL is full in ${value} days at the rate of the last seven. Enlarge it, or keep events for fewer days; GET /api/v1/retention/storage says what takes how much.`,
    },
  ];
}

export const holds = ({ threshold, isLowerBound }: AlertCondition, value: number): boolean =>
  isLowerBound === true ? value < threshold : value > threshold;
