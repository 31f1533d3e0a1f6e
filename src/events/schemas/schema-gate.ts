import { Injectable } from '@nestjs/common';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { FieldError } from '../../platform/http/problem.js';
import type { AcceptableEvent } from '../parsing/event.js';
import { isFault } from '../parsing/event-parser.js';
import { CompiledSchemas } from './compiled-schemas.js';
import { SchemaRegistry } from './schema-registry.js';

/** A check blocks the process; after this long in one request, others get their turn. */
const MAX_BLOCKED_MS = 10;

/** An event that its schema refuses: the first fault, and all of them. */
export interface Refusal extends FieldError {
  errors: FieldError[];
}

/** Turns away events whose type has a schema in mode `reject`. */
@Injectable()
export class SchemaGate {
  constructor(
    private readonly registry: SchemaRegistry,
    private readonly compiled: CompiledSchemas,
  ) {}

  /** Puts a refusal in the place of each event that does not fit the schema of its type. */
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
      if (errors[0] !== undefined) events[index] = refusal(errors[0], errors);
      if (performance.now() - blockedSince > MAX_BLOCKED_MS) {
        await yieldToOthers();
        blockedSince = performance.now();
      }
    }
  }
}

const refusal = (first: FieldError, errors: FieldError[]): Refusal => ({ ...first, errors });

/** Everything that is wrong with an event. */
export function allFaults(fault: FieldError | Refusal): FieldError[] {
  return 'errors' in fault ? fault.errors : [fault];
}
