/** SQL condition on events `e`: in the dead-letter queue and not out of it again. */
export const IS_FAILED = `exists (
    select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id and f.state <> 'resolved')`;

/**
 * SQL condition on events `e`: those that analytics count. They are processed and not failed; exactly these are in the
 * rollups, so an answer is the same whether rollups or rows give it.
 */
export const COUNTABLE = `not exists (
    select from ingest_batches b where b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'queued')
  and not ${IS_FAILED}`;
