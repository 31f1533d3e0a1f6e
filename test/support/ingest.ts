import { BatchProcessingService } from '../../src/events/processing/batch-processing.service.js';
import { BatchesRepository } from '../../src/events/processing/batches.repository.js';
import type { BatchNotifier } from '../../src/events/processing/batch-notifier.js';
import type { AcceptableEvent } from '../../src/events/parsing/event.js';
import { isFault, parseEvent } from '../../src/events/parsing/event-parser.js';
import { FailedEventsRepository } from '../../src/events/dead-letters/failed-events.repository.js';
import { DeadLetterRetrier } from '../../src/events/dead-letters/dead-letter-retrier.js';
import { Quarantine } from '../../src/events/dead-letters/quarantine.js';
import { EventContexts } from '../../src/events/enrichment/event-contexts.js';
import { IngestRepository } from '../../src/events/ingest/ingest.repository.js';
import { IngestWriter } from '../../src/events/ingest/ingest-writer.js';
import { CompiledSchemas } from '../../src/events/schemas/compiled-schemas.js';
import { SchemasRepository } from '../../src/events/schemas/schemas.repository.js';
import { FailedCountsRepository } from '../../src/analytics/counts/failed-counts.repository.js';
import { RollupsRepository } from '../../src/analytics/rollups/rollups.repository.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { Tracing } from '../../src/platform/tracing/tracing.js';
import { Database } from '../../src/platform/database/database.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';

/** The write path without HTTP and without a queue: batches wait until a test processes them. */
export class TestPipeline {
  readonly database: Database;
  readonly batches = new BatchesRepository();
  readonly repository: IngestRepository;
  readonly writer: IngestWriter;
  readonly processing: BatchProcessingService;
  readonly schemas: SchemasRepository;
  readonly retrier: DeadLetterRetrier;
  readonly notified: string[] = [];

  constructor(databaseUrl: string, env: Record<string, string> = {}) {
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, DB_POOL_SIZE: '16', ...env });
    const metrics = new Metrics();
    this.database = new Database(config);
    this.repository = new IngestRepository(this.database, new EventContexts(config));
    const notifier = { notify: (ids: readonly string[]) => this.notified.push(...ids) } as unknown as BatchNotifier;
    this.writer = new IngestWriter(config, this.repository, notifier, metrics, new Tracing());
    this.schemas = new SchemasRepository(this.database);
    const failedEvents = new FailedEventsRepository(config);
    const quarantine = new Quarantine(new CompiledSchemas(this.schemas), failedEvents);
    const rollups = new RollupsRepository();
    this.processing = new BatchProcessingService(
      ...([this.database, this.batches, rollups, failedEvents, quarantine, metrics] as const),
    );
    const counts = new FailedCountsRepository();
    this.retrier = new DeadLetterRetrier(this.database, failedEvents, quarantine, counts, rollups);
  }

  async stop(): Promise<void> {
    await this.writer.onApplicationShutdown();
    await this.database.onApplicationShutdown();
  }
}

/** A valid event of a tenant. */
export function event(
  raw: Record<string, unknown> = {},
  tenantId = DEFAULT_TENANT_ID,
  clientId = 'shop',
): AcceptableEvent {
  const parsed = parseEvent({ event_type: 'login', ...raw }, { tenantId, clientId });
  if (isFault(parsed)) throw new Error(`${parsed.path} ${parsed.message}`);
  return parsed;
}
