import { parseUserAgent } from './user-agent.js';

/** What is stored of the request that brought an event; null where nothing is. */
export interface StoredContext {
  enrichment: Record<string, unknown> | null;
  context_user_agent: string | null;
  context_address: string | null;
}

/** SQL for the columns of a {@link StoredContext}, of an event `e` with its context `c`. */
export const CONTEXT_COLUMNS = 'e.enrichment, c.user_agent as context_user_agent, c.address as context_address';
/** SQL that joins the context `c` of events `e`. */
export const WITH_CONTEXT = 'left join event_contexts c on c.tenant_id = e.tenant_id and c.id = e.context_id';

/** What is known of an event beside what was sent. A client's own `context` has precedence. */
export function enrichmentOf({ enrichment, context_user_agent, context_address }: StoredContext) {
  return { ...describeContext(context_user_agent, context_address), ...enrichment };
}

/** Computed when it is read: most events are never read one by one. */
function describeContext(userAgent: string | null, address: string | null): Record<string, unknown> {
  if (userAgent === null && address === null) return {};
  return { context: { ip: address, user_agent: userAgent, ...parseUserAgent(userAgent ?? '') } };
}
