import type { FieldError } from '../../platform/http/problem.js';
import { blankContent, type EntryContent } from '../entries/entry.js';
import { EntryParser, isFieldError, objectOf, prose } from '../entries/entry-parser.js';
import { CreateAuditEventDto } from './audit-events.dto.js';

/**
 * An audit event as an entry: its functionality is the resource type, its event type the resource id, its user the user
 * id, its additional data the metadata. A failed one is a warning.
 */
const EVENTS = new EntryParser(
  CreateAuditEventDto,
  { json: ['additional_data'], moment: 'event_timestamp' },
  ({ functionality, event_type, status, ...event }, occurredAt) => ({
    ...blankContent('EVENT', functionality, event_type),
    severity: status === 'Failed' ? 'WARNING' : 'INFO',
    status,
    user_id: event.user ?? null,
    message: prose(event.message),
    metadata: objectOf(event.additional_data),
    functionality,
    event_type,
    store_id: event.store_id ?? null,
    company_id: event.company_id ?? null,
    occurred_at: occurredAt,
  }),
);

/** @param key header of the request; the body has no field for it */
export function parseAuditEvent(raw: unknown, key: string | undefined): EntryContent | FieldError {
  const content = EVENTS.parse(raw);
  return isFieldError(content) || key === undefined ? content : { ...content, idempotency_key: key };
}
