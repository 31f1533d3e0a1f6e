import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Hold } from '../audit/preservation/holds.repository.js';
import { POLICY_KINDS, type PolicyKind } from '../audit/preservation/policies.repository.js';
import { Closed, DateTime, OneOf, Text, WholeNumber } from '../platform/http/body/fields.js';
import { OptionalText, PageQuery } from '../platform/http/query.dto.js';
import { RUN_STATES, type RunState, type TaskRun } from './schedule/task-runs.repository.js';

@Closed()
export class SetPolicyDto {
  @OneOf(POLICY_KINDS, {
    default: 'events',
    description: 'What the days are of: events, or entries of the audit trail.',
  })
  kind: PolicyKind;

  @Text({
    ...{ optional: true, example: 'page_view' },
    description: 'Only events of this type, with the kind events; absent: all types without a policy of their own.',
  })
  event_type?: string;

  @WholeNumber({
    ...{ min: 1, max: 36_500, nullable: true, example: 30 },
    description: 'Days kept, counted from the recording; null: as the settings of the installation say.',
  })
  days: number | null;
}

export class PolicyResponse {
  @ApiProperty({ enum: POLICY_KINDS })
  kind: PolicyKind;

  @ApiProperty({ type: String, nullable: true, description: 'Null: all types without a policy of their own.' })
  event_type: string | null;

  @ApiProperty({ type: 'integer' })
  days: number;

  @ApiProperty({ description: 'False: the setting of the installation, as the tenant has no policy.' })
  is_policy: boolean;
}

export class PolicyList {
  @ApiProperty({ type: [PolicyResponse] })
  data: PolicyResponse[];
}

@Closed()
export class SetHoldDto {
  @Text({ max: 1_000, example: 'Case 2026-117, ordered by the court' })
  reason: string;

  @Text({
    ...{ optional: true, example: 'user-4711' },
    description: 'Only records of this user; absent: of everybody in the tenant.',
  })
  user_id?: string;

  @DateTime({ optional: true, description: 'Only what happened or was recorded from then on.' })
  from?: string;

  @DateTime({ optional: true, description: 'Only what happened or was recorded before.' })
  to?: string;
}

export class HoldResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  reason: string;

  @ApiProperty({ type: String, nullable: true })
  user_id: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  from: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  to: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ description: 'Client that ordered it.' })
  created_by: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: it stands.' })
  released_at: string | null;

  static of(hold: Hold): HoldResponse {
    return {
      id: hold.id,
      reason: hold.reason,
      user_id: hold.user_id,
      from: hold.from_time,
      to: hold.to_time,
      created_at: hold.created_at.toISOString(),
      created_by: hold.created_by,
      released_at: hold.released_at?.toISOString() ?? null,
    };
  }
}

export class HoldPage {
  @ApiProperty({ type: [HoldResponse] })
  data: HoldResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

export class RunsQuery extends PageQuery {
  @ApiPropertyOptional({ example: 'events', description: 'Only runs of this task.' })
  @OptionalText(100)
  task?: string;
}

export class RemovedResponse {
  @ApiProperty()
  table: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'Null: of all tenants.' })
  tenant_id: string | null;

  @ApiProperty({ type: 'integer' })
  rows: number;

  @ApiProperty({ type: 'integer', description: 'Of the rows, or of a whole partition with its indexes.' })
  bytes: number;
}

export class RunResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'events' })
  task: string;

  @ApiProperty({ format: 'date-time' })
  due: string;

  @ApiProperty({ enum: RUN_STATES })
  state: RunState;

  @ApiProperty({ type: 'integer', description: 'How often it failed.' })
  attempts: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  began: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  ended: string | null;

  @ApiProperty({ type: 'integer', description: 'Rows removed.' })
  rows: number;

  @ApiProperty({ type: 'integer', description: 'Of what was removed.' })
  bytes: number;

  @ApiProperty({ type: [RemovedResponse], description: 'By table and tenant.' })
  removed: RemovedResponse[];

  @ApiProperty({ type: 'integer', description: 'How many legal holds stood: what they cover was not removed.' })
  holds: number;

  @ApiProperty({ type: String, nullable: true })
  error: string | null;

  static of({ due, started_at, finished_at, ...run }: TaskRun): RunResponse {
    return {
      ...run,
      due: due.toISOString(),
      began: started_at?.toISOString() ?? null,
      ended: finished_at?.toISOString() ?? null,
    };
  }
}

export class RunPage {
  @ApiProperty({ type: [RunResponse] })
  data: RunResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

export class StoredMonthResponse {
  @ApiProperty()
  table: string;

  @ApiProperty({ type: String, nullable: true, example: '2026-11', description: 'Null: the table has no months.' })
  month: string | null;

  @ApiProperty({ type: 'integer', description: 'With indexes.' })
  bytes: number;

  @ApiProperty({ type: 'integer', description: 'As PostgreSQL estimates.' })
  rows: number;
}

export class StorageResponse {
  @ApiProperty({ type: [StoredMonthResponse], description: 'By table and month of recording.' })
  data: StoredMonthResponse[];

  @ApiProperty({ type: 'integer' })
  database_bytes: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'DATABASE_DISK_BYTES; null: not set.' })
  disk_bytes: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'What an event takes with its indexes and all that belongs to it; null without events.',
  })
  bytes_per_event: number | null;

  @ApiProperty({ type: Number, description: 'Over the last seven days.' })
  events_per_day: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'At the present rate; null: never, as retention removes as much by then, or DATABASE_DISK_BYTES is not set.',
  })
  days_until_full: number | null;
}
