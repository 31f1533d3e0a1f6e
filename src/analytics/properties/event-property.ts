import { invalidBody } from '../../platform/http/body/body-validator.js';
import { boundedTextFault } from '../../platform/http/body/payload-check.js';
import type { FieldError } from '../../platform/http/problem.js';

/** Columns of an event that a property may name. */
export const EVENT_FIELDS = ['event_type', 'user_id', 'session_id', 'client_id'] as const;
export type EventField = (typeof EVENT_FIELDS)[number];

/** Columns of an event that hold a time. */
const TIME_FIELDS = ['event_time', 'received_at'] as const;
type TimeField = (typeof TIME_FIELDS)[number];

const ROOTS = ['payload', 'enrichment'] as const;

/** What a name like `client_id`, `country`, `payload.data.ip` or `enrichment.user_segment` stands for. */
export type EventProperty =
  | { kind: 'field'; field: EventField }
  | { kind: 'time'; field: TimeField }
  | {
      kind: 'json';
      root: (typeof ROOTS)[number];
      /** What follows the root as one key: a key that has dots itself has precedence. */
      key: string;
      /** The same as the way through nested objects and arrays. */
      path: string[];
    };

export type Scalar = string | number | boolean | null;

const MAX_NAME = 255;
/** Properties that one question, or one step of a funnel, may have conditions on. */
export const MAX_CONDITIONS = 10;
/** Characters of a text that a property may have to equal. */
export const MAX_CONDITION_TEXT = 1_000;

/** For the documentation of every parameter that takes such a name. */
export const PROPERTY_NAMES =
  'A field of the event (event_type, user_id, session_id, client_id, event_time, received_at), or a property of its ' +
  'payload (country, payload.country) or of its enrichment (enrichment.user_segment, enrichment.context.device). A dot goes into a ' +
  'nested object, or to a place in an array (items.0.sku). A key that contains the dots itself has precedence; ' +
  '\\. is a dot that belongs to a key.';

/** Every text is the name of some property; without a known start, of one of the payload. */
export function parseProperty(name: string): EventProperty {
  const field = EVENT_FIELDS.find((known) => known === name);
  if (field !== undefined) return { kind: 'field', field };
  const time = TIME_FIELDS.find((known) => known === name);
  if (time !== undefined) return { kind: 'time', field: time };
  const root = ROOTS.find((known) => name.startsWith(`${known}.`));
  const key = root === undefined ? name : name.slice(root.length + 1);
  return { kind: 'json', root: root ?? 'payload', key, path: splitPath(key) };
}

/** `a.b\.c` → a, b.c */
function splitPath(text: string): string[] {
  const path = [''];
  for (const [part] of text.matchAll(/\\[.\\]|[^]/gu)) {
    if (part === '.') path.push('');
    else path[path.length - 1] += part.length > 1 && part.startsWith('\\') ? part.slice(1) : part;
  }
  return path;
}

/** Why no event can have a property of this name, or null. */
export const propertyFault = (name: string): string | null => boundedTextFault(name, MAX_NAME);

/** @throws Problem 400 for a name that no property can have */
export function requireProperties(names: readonly string[], path: string): void {
  const faults = names.flatMap((name): FieldError[] => {
    const fault = propertyFault(name);
    return fault === null ? [] : [{ path, message: `has a name that ${fault}` }];
  });
  if (faults.length > 0) throw invalidBody(faults);
}
