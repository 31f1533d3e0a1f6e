import { DEAD_LETTER_STATES, type DeadLetterState } from '../events/dead-letters/dead-letter.js';
import { FailedEventsService } from '../events/dead-letters/failed-events.service.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { DeadLettersModule } from '../events/dead-letters/dead-letters.module.js';
import { inApplication } from './cli.module.js';
import type { Config } from '../platform/config/config.js';
import { type OutputOptions, print, UsageError } from './output.js';

export interface RetryFailedOptions extends OutputOptions {
  tenant: string;
  state?: string;
  eventType?: string;
  clientId?: string;
  reason?: string;
}

export async function retryFailed(config: Config, options: RetryFailedOptions): Promise<void> {
  const filter = {
    state: readState(options.state),
    event_type: options.eventType,
    client_id: options.clientId,
    reason: options.reason,
  };
  const sum = await inApplication(config, [DeadLettersModule], async (app) => {
    const tenant = await app.get(TenantsService).getByIdOrName(options.tenant);
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
    options.json,
    sum,
    `Retried ${sum.retried} failed events: ${sum.processed} are processed now, ${sum.failed} failed again.`,
  );
}

function readState(text: string | undefined): DeadLetterState | undefined {
  const state = DEAD_LETTER_STATES.find((candidate) => candidate === text);
  if (text !== undefined && state === undefined)
    throw new UsageError(`--state is one of ${DEAD_LETTER_STATES.join(', ')}.`);
  return state;
}
