import { Injectable } from '@nestjs/common';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { UncountedBatch } from '../../analytics/rollups/rollups.repository.js';
import type { Sql } from '../../platform/database/database.js';
import type { FieldError } from '../../platform/http/problem.js';
import { CompiledSchemas } from '../schemas/compiled-schemas.js';
import { FailedEventsRepository, type QuarantinedEvent } from './failed-events.repository.js';

const CHECKS_PER_TURN = 100;

/** Something whose payload is to be checked against the schema of its type. */
interface Checkable {
  tenant_id: string;
  event_type: string;
  payload: string;
  schema_version: string | null;
}

/** Checks stored events against the schemas of their types. */
@Injectable()
export class Quarantine {
  constructor(
    private readonly schemas: CompiledSchemas,
    private readonly failedEvents: FailedEventsRepository,
  ) {}

  /** Makes dead letters of the events in `batches` that do not fit. Call it before the batches are counted. */
  async isolate(sql: Sql, batches: readonly UncountedBatch[]): Promise<void> {
    const events = await this.failedEvents.listQuarantined(sql, batches);
    const faults = await this.faultsOf(sql, events);
    const failed: QuarantinedEvent[] = [];
    const reasons: string[] = [];
    for (const [index, event] of events.entries()) {
      const found = faults[index]!; // one entry per event
      if (found.length === 0) continue;
      failed.push(event);
      reasons.push(reasonOf(found));
    }
    if (failed.length > 0) await this.failedEvents.insert(sql, failed, reasons);
  }

  /** What is wrong with each event; nothing when its type has no schema. */
  async faultsOf(sql: Sql, events: readonly Checkable[]): Promise<FieldError[][]> {
    const faults: FieldError[][] = [];
    for (const { tenant_id, event_type, payload, schema_version } of events) {
      const schema =
        schema_version === null ? null : await this.schemas.get(tenant_id, event_type, schema_version, sql);
      faults.push(schema?.faultsOf(payload) ?? []);
      if (faults.length % CHECKS_PER_TURN === 0) await yieldToOthers();
    }
    return faults;
  }
}

/** One line for people: `payload.items.0.price must be number; payload.total is missing`. */
export function reasonOf(faults: readonly FieldError[]): string {
  return faults.map(({ path, message }) => `${path} ${message}`).join('; ');
}
