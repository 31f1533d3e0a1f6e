import type { TestDatabase } from './database.js';

/** What the rollups say against what the rows say, per granularity; all must be equal. */
export async function rollupDifference(database: Pick<TestDatabase, 'query'>): Promise<number> {
  let difference = 0;
  for (const granularity of ['minute', 'ten_minutes', 'hour', 'day']) {
    const start = `date_bin('${granularity === 'ten_minutes' ? '10 minutes' : `1 ${granularity}`}', e.event_time, timestamptz '1970-01-01 00:00Z')`;
    const [events] = await database.query<{ difference: string }>(`
      with rows as (
        select e.tenant_id, ${start} as bucket,
               e.client_id, e.event_type, count(*) as count
        from events e join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
        where not exists (select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id)
        group by 1, 2, 3, 4)
      select coalesce(sum(abs(coalesce(rows.count, 0) - coalesce(r.count, 0))), 0) as difference
      from rows full join event_rollups_${granularity} r using (tenant_id, bucket, client_id, event_type)`);
    const [failed] = await database.query<{ difference: string }>(`
      with rows as (
        select e.tenant_id, ${start} as bucket,
               e.client_id, e.event_type, count(*) as failed
        from failed_events f join events e on e.tenant_id = f.tenant_id and e.id = f.event_id
        where f.counted group by 1, 2, 3, 4)
      select coalesce(sum(abs(coalesce(rows.failed, 0) - coalesce(r.failed, 0))), 0) as difference
      from rows full join event_rollups_${granularity} r using (tenant_id, bucket, client_id, event_type)`);
    const [sums] = await database.query<{ difference: string }>(`
      select count(*) as difference
      from (select tenant_id, bucket, event_type, sum(count) as count, sum(failed) as failed
            from event_rollups_${granularity} group by 1, 2, 3) r
      full join event_totals_${granularity} t using (tenant_id, bucket, event_type)
      where (r.count, r.failed) is distinct from (t.count, t.failed)`);
    difference += Number(events?.difference) + Number(failed?.difference) + Number(sums?.difference);
  }
  for (const granularity of ['minute', 'hour', 'day']) {
    const [processing] = await database.query<{ difference: string }>(`
      select abs((select coalesce(sum(processed), 0) from processing_rollups_${granularity})
               - (select count(*) from events e join ingest_batches b
                  on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
                  where not exists (select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id)))
           + abs((select coalesce(sum(processed + failed), 0) from processing_rollups_${granularity})
               - (select coalesce(sum(value::bigint), 0) from processing_rollups_${granularity}, jsonb_each_text(latency_histogram)))
        as difference`);
    const [failed] = await database.query<{ difference: string }>(`
      select abs((select count(*) from failed_events where counted)
               - (select coalesce(sum(failed), 0) from processing_rollups_${granularity})) as difference`);
    const [totals] = await database.query<{ difference: string }>(`
      with clients as (
        select tenant_id, bucket, sum(processed) as processed, sum(failed) as failed, min(latency_min_ms) as least,
               max(latency_max_ms) as most
        from processing_rollups_${granularity} group by 1, 2
      ), clients_bins as (
        select tenant_id, bucket, sum(value::bigint) as n, sum(key::int * value::bigint) as weighted
        from processing_rollups_${granularity}, jsonb_each_text(latency_histogram) group by 1, 2
      ), bins as (
        select tenant_id, bucket, sum(value::bigint) as n, sum(key::int * value::bigint) as weighted
        from processing_totals_${granularity}, jsonb_each_text(latency_histogram) group by 1, 2
      )
      select (select count(*) from clients c full join processing_totals_${granularity} t using (tenant_id, bucket)
              where (c.processed, c.failed, c.least, c.most)
                is distinct from (t.processed, t.failed, t.latency_min_ms, t.latency_max_ms))
           + (select count(*) from clients_bins c full join bins b using (tenant_id, bucket)
              where (c.n, c.weighted) is distinct from (b.n, b.weighted)) as difference`);
    difference += Number(processing?.difference) + Number(failed?.difference) + Number(totals?.difference);
  }
  return difference;
}
