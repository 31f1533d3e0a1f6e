import { cron, integer, type Setting, timeZone } from './settings.js';

/** How long what is kept, when the rest goes, and where it lies. */
export const RETENTION_SETTINGS = {
  EVENT_RETENTION_DAYS: integer(1, 36_500, {
    default: 90,
    description:
      'Days an event is kept, counted from its recording. PUT /retention/policies says otherwise for a tenant or an event type.',
  }),
  AUDIT_RETENTION_DAYS: integer(1, 36_500, {
    default: 365,
    description: 'Days an audit entry is kept, counted from its recording; a policy says otherwise for a tenant.',
  }),
  ROLLUP_RETENTION_DAYS: integer(1, 36_500, {
    default: 730,
    description:
      'Days that counts of events, users and sessions are kept, and at least as long as an event of their time.',
  }),
  CALL_LOG_RETENTION_DAYS: integer(1, 36_500, { default: 90, description: 'Days a row of the call log is kept.' }),
  RETENTION_EVENTS_CRON: cron({ default: '0 2 * * *', description: 'When events past retention are removed.' }),
  RETENTION_AUDIT_CRON: cron({ default: '0 3 * * *', description: 'When audit entries past retention are removed.' }),
  RETENTION_HOUSEKEEPING_CRON: cron({
    default: '30 3 * * *',
    description: 'When everything else past its time is removed: counts, call log, finished jobs.',
  }),
  RETENTION_TIME_ZONE: timeZone({ default: 'UTC', description: 'Time zone of the three times above.' }),
  DATABASE_DISK_BYTES: integer(1, Number.MAX_SAFE_INTEGER, {
    example: '107374182400',
    description:
      'Size of the volume that PostgreSQL stores its data on, for "days until full" in doctor and GET /retention/storage. PostgreSQL does not know it.',
  }),
} as const satisfies Record<string, Setting<unknown>>;
