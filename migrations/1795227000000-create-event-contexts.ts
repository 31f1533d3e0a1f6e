import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is known of the request that brought an event. A server sends all its events with one user agent from one address,
 * so a context is stored once per tenant, content and period of 25 days, and an event holds its 8 bytes, or a null that takes
 * no room. The period is part of the id: a context made 25 days before the oldest event can go.
 */
export class CreateEventContexts1795227000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table event_contexts (
        tenant_id  uuid not null,
        id         bigint not null,
        user_agent text,
        address    text,
        created_at timestamptz not null default now(),
        primary key (tenant_id, id)
      );
      alter table event_contexts enable row level security;
      alter table event_contexts force row level security;
      create policy tenant_rows on event_contexts to tidemark_app
        using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
      create policy all_rows on event_contexts to tidemark_system using (true) with check (true);
      grant select on event_contexts to tidemark_app;
      grant select, insert, delete on event_contexts to tidemark_system;
      alter table events add column context_id bigint`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table events drop column context_id');
    await runner.query('drop table event_contexts');
  }
}
