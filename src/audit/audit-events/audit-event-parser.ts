import type { FieldError } from '../../platform/http/problem.js';
import { blankContent, type EntryContent } from '../entries/entry.js';
import { readFields } from '../entries/field-reader.js';

export const EVENT_STATUSES = ['Success', 'Failed'] as const;

const FIELDS = new Set([
  'event_timestamp',
  'functionality',
  'event_type',
  'store_id',
  'company_id',
  'user',
  'message',
  'status',
  'additional_data',
]);

/**
 * An audit event as an entry: its functionality is the resource type, its event type the resource id, its user the user
 * id, its additional data the metadata. A failed one is a warning.
 */
export function parseAuditEvent(raw: unknown): EntryContent | FieldError {
  return readFields(raw, FIELDS, (fields) => {
    const functionality = fields.required('functionality');
    const eventType = fields.required('event_type');
    const status = fields.oneOf('status', EVENT_STATUSES);
    return {
      ...blankContent('EVENT', functionality, eventType),
      severity: status === 'Failed' ? 'WARNING' : 'INFO',
      status,
      user_id: fields.text('user'),
      message: fields.prose('message'),
      metadata: fields.json('additional_data'),
      functionality,
      event_type: eventType,
      store_id: fields.id('store_id'),
      company_id: fields.id('company_id'),
      occurred_at: fields.time('event_timestamp'),
    };
  });
}
