import { Injectable } from '@nestjs/common';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { refusal } from '../../platform/http/field-fault.js';
import type { FieldError } from '../../platform/http/problem.js';
import type { AcceptableEvent } from '../parsing/event.js';
import { isFault } from '../parsing/event-parser.js';
import { CompiledSchemas } from './compiled-schemas.js';
import { SchemaRegistry } from './schema-registry.js';

/** Checks block the process; after this long in one request, others get their turn. */
const MAX_BLOCKED_MS = 10;

/** Refuses events that do not fit their schema in mode `reject`. */
@Injectable()
export class SchemaGate {
  constructor(
    private readonly registry: SchemaRegistry,
    private readonly compiled: CompiledSchemas,
  ) {}

  /** Replaces each event that does not fit the schema of its type by a refusal. */
  async check(tenantId: string, events: (AcceptableEvent | FieldError)[]): Promise<void> {
    const types = this.registry.peek(tenantId) ?? (await this.registry.find(tenantId));
    if (types.size === 0) return;
    let blockedSince = performance.now();
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      if (isFault(event)) continue;
      const type = types.get(event.eventType);
      if (type?.mode !== 'reject') continue;
      const schema =
        this.compiled.peek(tenantId, event.eventType, type.version) ??
        (await this.compiled.get(tenantId, event.eventType, type.version));
      const errors = schema?.faultsOf(event.payload) ?? [];
      if (errors.length > 0) events[index] = refusal(errors);
      if (performance.now() - blockedSince > MAX_BLOCKED_MS) {
        await yieldToOthers();
        blockedSince = performance.now();
      }
    }
  }
}
