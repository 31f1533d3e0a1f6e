import { trimMicroseconds } from '../../platform/time/time.js';
import { listChanges } from './changes.js';
import type { ActionType, ExportedEntry, Severity, Source } from './entry.js';
import type { EntryResponse } from './entries.dto.js';

/** Without the fields that only an export has; times without digits that say nothing, as everywhere in the API. */
export function toResponse(entry: ExportedEntry & { restored?: boolean }): EntryResponse {
  return {
    id: entry.id,
    tenant_id: entry.tenant_id,
    source: entry.source as Source,
    client_id: entry.client_id,
    key_id: entry.key_id,
    action_type: entry.action_type as ActionType,
    resource_type: entry.resource_type,
    resource_id: entry.resource_id,
    severity: entry.severity as Severity,
    status: entry.status,
    user_id: entry.user_id,
    session_id: entry.session_id,
    ip_address: entry.ip_address,
    user_agent: entry.user_agent,
    message: entry.message,
    before_state: entry.before_state,
    after_state: entry.after_state,
    changes: listChanges(entry.before_state, entry.after_state),
    metadata: entry.metadata,
    functionality: entry.functionality,
    event_type: entry.event_type,
    store_id: entry.store_id,
    company_id: entry.company_id,
    idempotency_key: entry.idempotency_key,
    occurred_at: trimMicroseconds(entry.occurred_at),
    created_at: trimMicroseconds(entry.created_at),
    erased_at: entry.erased_at === null ? null : trimMicroseconds(entry.erased_at),
    erased_fields: entry.erased_fields,
    redacted_fields: entry.redacted_fields,
    restored: entry.restored ?? false,
  };
}
