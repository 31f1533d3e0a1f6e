import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

const STATES = ['queued', 'running', 'completed'] as const;
export type ErasureState = (typeof STATES)[number];

export class RequestErasureDto {
  @ApiProperty({
    minLength: 1,
    maxLength: 255,
    description: 'Whom to forget: the `user_id` of events and audit entries.',
  })
  @IsString()
  @Length(1, 255)
  user_id: string;
}

export class ErasureReceipt {
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'Rows changed or removed, by what they were.',
  })
  counts: Record<string, number>;

  @ApiProperty({
    description: 'Size of the audit tree when it was done; the erasures of audit entries are leaves below it.',
  })
  tree_size: number;

  @ApiProperty({ type: [String], description: 'What an erasure does not reach.' })
  not_covered: string[];
}

export class ErasureResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: STATES })
  state: ErasureState;

  @ApiProperty({ format: 'date-time' })
  requested_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completed_at: string | null;

  @ApiProperty({ type: ErasureReceipt, nullable: true, description: 'null until it is completed.' })
  receipt: ErasureReceipt | null;
}
