import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * - recorded_until: the time of recording that later leaves are compared with; a leaf of the kind \`clock\` says where it ran
 *   backwards.
 * - act_id: the id in the leaf of an act, so that its proof can be asked for.
 */
const UP = `
alter table audit_trees add column recorded_until timestamptz;
alter table audit_leaves drop constraint audit_leaves_kind_check,
  add constraint audit_leaves_kind_check check (kind in ('entry', 'erasure', 'prune', 'clock')),
  add column act_id uuid check ((act_id is null) = (kind = 'entry'));
create unique index audit_leaves_act_key on audit_leaves (tenant_id, act_id) where act_id is not null`;

const DOWN = `
alter table audit_leaves drop column act_id, drop constraint audit_leaves_kind_check,
  add constraint audit_leaves_kind_check check (kind in ('entry', 'erasure', 'prune'));
alter table audit_trees drop column recorded_until`;

export class NoteTheClock1795280100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  /** Fails where the clock of a trail ran backwards: such a leaf cannot be taken out of its tree. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
