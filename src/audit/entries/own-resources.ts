/**
 * The resource types that Tidemark itself records. Callers may not record entries of these types: they would look like
 * acts of Tidemark.
 */
export const OWN_RESOURCES = [
  'api_key',
  'audit_log',
  'dashboard_session',
  'erasure',
  'event_type_schema',
  'export',
  'failed_event',
  'functionality',
  'legal_hold',
  'retention_policy',
  'saved_funnel',
  'saved_segment',
  'tenant',
] as const;
export type OwnResource = (typeof OWN_RESOURCES)[number];

const RESERVED = new Set<string>(OWN_RESOURCES);

/** Also in other spellings that a reader would take for the same. */
export function isReserved(resourceType: string): boolean {
  return RESERVED.has(resourceType.normalize('NFKC').trim().toLowerCase());
}

export const RESERVED_MESSAGE = `must not be one of ${OWN_RESOURCES.join(', ')}: only Tidemark itself records these`;
