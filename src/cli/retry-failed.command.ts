import { parseArgs } from 'node:util';
import { DEAD_LETTER_STATES, type DeadLetterState } from '../events/dead-letters/dead-letter.js';
import { FailedEventsService } from '../events/dead-letters/failed-events.service.js';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { inApplication } from './cli.module.js';
import type { Command } from './command.js';
import { print, UsageError } from './output.js';

const OPTIONS = {
  tenant: { type: 'string', default: DEFAULT_TENANT_ID },
  state: { type: 'string' },
  'event-type': { type: 'string' },
  'client-id': { type: 'string' },
  reason: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export const retryFailed: Command = {
  async run(config, words) {
    const { values } = parseArgs({ args: words, options: OPTIONS });
    const filter = {
      state: readState(values.state),
      event_type: values['event-type'],
      client_id: values['client-id'],
      reason: values.reason,
    };
    const sum = await inApplication(config, async (app) => {
      const tenant = await app.get(TenantsService).get(values.tenant);
      const caller = { tenantId: tenant.id, clientId: 'command-line', keyId: null };
      const counts = { retried: 0, processed: 0, failed: 0 };
      for (let cursor: string | undefined | null; cursor !== null;) {
        const query = cursor === undefined ? filter : { ...filter, cursor };
        const { next_cursor, ...step } = await app.get(FailedEventsService).retryMany(caller, query);
        counts.retried += step.retried;
        counts.processed += step.processed;
        counts.failed += step.failed;
        cursor = next_cursor;
      }
      return counts;
    });
    print(
      values.json,
      sum,
      `Retried ${sum.retried} failed events: ${sum.processed} are processed now, ${sum.failed} failed again.`,
    );
  },
};

function readState(text: string | undefined): DeadLetterState | undefined {
  const state = DEAD_LETTER_STATES.find((candidate) => candidate === text);
  if (text !== undefined && state === undefined)
    throw new UsageError(`--state is one of ${DEAD_LETTER_STATES.join(', ')}.`);
  return state;
}
