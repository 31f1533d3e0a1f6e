import { flag, integer, secret, url, webhookSecret } from './settings.js';

export const HOW_TO_MAKE_A_WEBHOOK_SECRET = 'make one with: echo "whsec_$(openssl rand -base64 32)"';

/** The settings of metrics and alerts. */
export const MONITORING_SETTINGS = {
  METRICS_TOKEN: secret(24, {
    description:
      'Bearer token for GET /metrics of API and worker, at least 24 characters that nobody can guess; it opens nothing else. Without it the API wants a platform key, and the worker answers this machine alone.',
  }),
  METRICS_TENANT_LABELS: flag({
    default: false,
    description: 'Export some metrics by tenant too. Whoever scrapes then sees the ids of tenants.',
  }),
  ALERT_WEBHOOK_URL: url(['http:', 'https:'], {
    isSecret: true,
    example: 'https://alerts.example.com/tidemark',
    description: 'Address that workers post alerts to, signed as Standard Webhooks says. Empty means none.',
  }),
  ALERT_WEBHOOK_SECRET: webhookSecret(HOW_TO_MAKE_A_WEBHOOK_SECRET, {
    description: `Key that signs alerts: whsec_ and 24 to 64 bytes in base64; ${HOW_TO_MAKE_A_WEBHOOK_SECRET}.`,
  }),
  ALERT_PENDING_SECONDS: integer(1, 86_400, {
    default: 60,
    description: 'Alert when the oldest batch has waited longer than this to be counted.',
  }),
  ALERT_SEALING_SECONDS: integer(1, 86_400, {
    default: 60,
    description: 'Alert when the oldest audit entry has waited longer than this to be sealed.',
  }),
  ALERT_DEAD_LETTERS: integer(0, 99_999, {
    default: 100,
    description: 'Alert when there are more dead letters than this.',
  }),
  ALERT_SCHEDULE_SECONDS: integer(1, 2_592_000, {
    default: 3_600,
    description: 'Alert when a scheduled task should have been done longer ago than this, and no worker is doing it.',
  }),
  ALERT_DISK_DAYS: integer(0, 3_650, {
    default: 14,
    description: 'Alert when the disk is full in fewer days than this; DATABASE_DISK_BYTES must be set.',
  }),
} as const;

export type OptionalMonitoringSetting = 'METRICS_TOKEN' | 'ALERT_WEBHOOK_URL' | 'ALERT_WEBHOOK_SECRET';
