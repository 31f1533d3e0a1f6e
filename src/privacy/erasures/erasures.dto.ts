import { ApiProperty } from '@nestjs/swagger';
import { Closed, Flag, OneOf, Text } from '../../platform/http/body/fields.js';

const STATES = ['queued', 'running', 'completed'] as const;
export type ErasureState = (typeof STATES)[number];

const MENTIONS = ['keep', 'redact'] as const;
export type MentionsPolicy = (typeof MENTIONS)[number];

@Closed()
export class RequestErasureDto {
  @Text({
    example: 'user-4711',
    description: 'Whom to forget: the `user_id` of events and audit entries, exactly.',
  })
  user_id: string;

  @Flag({ default: false, description: 'Only counts what there is, and changes nothing.' })
  dry_run: boolean;

  @OneOf(MENTIONS, {
    default: 'keep',
    description:
      'What becomes of values in other people’s records that are this user_id: `keep` counts them, `redact` replaces each.',
  })
  mentions: MentionsPolicy;

  @Flag({
    default: false,
    description: 'Needed where nothing is recorded under this user_id: it may be misspelt.',
  })
  confirm: boolean;
}

const COUNTS = {
  type: 'object',
  additionalProperties: { type: 'integer' },
  example: { events: 12, entries_of: 3, mentions_in_events: 1 },
} as const;

export class ErasureReceipt {
  @ApiProperty({
    ...COUNTS,
    description:
      'Records erased, by kind; `mentions_in_*`: other people’s that name the subject, `redacted_in_*`: those of them that were changed; `shared_*`, `linked_*`, `other_*`, `*_beyond_limit`: found and not touched.',
  })
  counts: Record<string, number>;

  @ApiProperty({ enum: MENTIONS })
  mentions: MentionsPolicy;

  @ApiProperty({
    type: 'integer',
    description: 'Size of the audit tree when it was done; the erasures of audit entries are leaves below it.',
  })
  tree_size: number;

  @ApiProperty({ type: 'integer', isArray: true, description: 'Leaf indexes of the erasures of audit entries.' })
  act_indexes: number[];

  @ApiProperty({ type: [String], description: 'What was erased.' })
  covered: string[];

  @ApiProperty({ type: [String], description: 'What an erasure does not reach.' })
  not_covered: string[];
}

export class ErasureResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: STATES })
  state: ErasureState;

  @ApiProperty({
    description: 'HMAC-SHA256 of the user_id under a key of the tenant; the leaves of the audit tree carry it too.',
  })
  subject_hmac: string;

  @ApiProperty({ format: 'date-time' })
  requested_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completed_at: string | null;

  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'Legal holds for which it waits, until they are released.',
  })
  held_by: string[];

  @ApiProperty({ type: String, nullable: true, description: 'What else it waits for, and what to do about it.' })
  waits_for: string | null;

  @ApiProperty({ type: ErasureReceipt, nullable: true, description: 'null until it is completed.' })
  receipt: ErasureReceipt | null;
}

/** What the problem says besides, where a legal hold forbids it. */
export class HeldErasure {
  @ApiProperty({ type: [String], format: 'uuid', description: 'The legal holds that forbid it.' })
  held_by: string[];
}

/** What the problem says besides, where nothing is recorded under a user_id. */
export class UnrecordedSubject {
  @ApiProperty({ ...COUNTS, description: 'What mentions it.' })
  counts: Record<string, number>;

  @ApiProperty({ description: 'false where there was more than could be counted in time.' })
  complete: boolean;

  @ApiProperty({ type: [String], description: 'Other user ids that are the same e-mail address in other letters.' })
  other_spellings: string[];
}

export class ErasurePreviewResponse {
  @ApiProperty({ enum: [true] })
  dry_run: true;

  @ApiProperty({ ...COUNTS, description: 'As in the receipt of an erasure: what it would find.' })
  counts: Record<string, number>;

  @ApiProperty({
    description: 'false where there was more than could be counted in time: the counts are at least so many.',
  })
  complete: boolean;

  @ApiProperty({
    type: [String],
    description:
      'Other user ids that are the same e-mail address in other letters, at most 20. Ask for each by itself.',
  })
  other_spellings: string[];

  @ApiProperty({ type: [String], format: 'uuid', description: 'Legal holds for which it would be refused.' })
  held_by: string[];

  @ApiProperty({ type: String, nullable: true, description: 'null where the tenant never asked for an erasure.' })
  subject_hmac: string | null;

  @ApiProperty({ type: [String], format: 'uuid', description: 'Earlier erasures of this subject, newest first.' })
  earlier_erasures: string[];

  @ApiProperty({ type: [String] })
  covered: string[];

  @ApiProperty({ type: [String] })
  not_covered: string[];
}
