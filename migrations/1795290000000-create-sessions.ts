import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Sign-ins of people at the dashboard. `subject` says by what they signed in and is no foreign key, so that other kinds than
 * API keys can come; whatever it is is looked up again with each request. Of the token only a hash is kept.
 */
const SESSIONS = `
create table sessions (
  id           uuid primary key,
  token_hash   bytea not null unique check (octet_length(token_hash) = 32),
  subject_kind text not null check (subject_kind in ('api_key')),
  subject      text not null,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  expires_at   timestamptz not null
);
create index sessions_subject_idx on sessions (subject_kind, subject, created_at desc);
create index sessions_expires_idx on sessions (expires_at);
grant select, insert, update, delete on sessions to tidemark_system`;

export class CreateSessions1795290000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SESSIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sessions');
  }
}
