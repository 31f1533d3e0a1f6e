import { BatchProcessingService } from '../../src/events/batch-processing.service.js';
import { BatchesRepository } from '../../src/events/batches.repository.js';
import type { BatchDoorbell } from '../../src/events/batch-doorbell.js';
import type { AcceptableEvent } from '../../src/events/event.js';
import { isFault, parseEvent } from '../../src/events/event-parser.js';
import { FailedEventsRepository } from '../../src/events/failed/failed-events.repository.js';
import { LetterRetrier } from '../../src/events/failed/letter-retrier.js';
import { Quarantine } from '../../src/events/failed/quarantine.js';
import { EventContexts } from '../../src/events/enrichment/event-contexts.js';
import { IngestRepository } from '../../src/events/ingest.repository.js';
import { IngestWriter } from '../../src/events/ingest-writer.js';
import { CompiledSchemas } from '../../src/events/schemas/compiled-schemas.js';
import { SchemasRepository } from '../../src/events/schemas/schemas.repository.js';
import { FailedCountsRepository } from '../../src/analytics/failed-counts.repository.js';
import { RollupsRepository } from '../../src/analytics/rollups.repository.js';
import { loadConfig } from '../../src/platform/config.js';
import { Database } from '../../src/platform/database.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/principal.js';

/** The write path without HTTP and without a queue: batches wait until a test processes them. */
export class TestPipeline {
  readonly database: Database;
  readonly batches = new BatchesRepository();
  readonly repository: IngestRepository;
  readonly writer: IngestWriter;
  readonly processing: BatchProcessingService;
  readonly schemas: SchemasRepository;
  readonly retrier: LetterRetrier;
  readonly rung: string[] = [];

  constructor(databaseUrl: string, env: Record<string, string> = {}) {
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, DB_POOL_SIZE: '16', ...env });
    this.database = new Database(config);
    this.repository = new IngestRepository(this.database, new EventContexts(config));
    const doorbell = { ring: (ids: readonly string[]) => this.rung.push(...ids) } as unknown as BatchDoorbell;
    this.writer = new IngestWriter(config, this.repository, doorbell);
    this.schemas = new SchemasRepository(this.database);
    const failedEvents = new FailedEventsRepository(config);
    const quarantine = new Quarantine(new CompiledSchemas(this.schemas), failedEvents);
    const rollups = new RollupsRepository();
    this.processing = new BatchProcessingService(this.database, this.batches, rollups, failedEvents, quarantine);
    const counts = new FailedCountsRepository();
    this.retrier = new LetterRetrier(this.database, failedEvents, quarantine, counts, rollups);
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
