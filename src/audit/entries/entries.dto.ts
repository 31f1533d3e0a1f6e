import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { JsonValue } from '../transparency-log/canonical-json.js';
import { PERSONAL_FIELDS, type PersonalField } from '../transparency-log/leaf.js';
import {
  ACTION_TYPES,
  type ActionType,
  RECORDED_ACTIONS,
  SEVERITIES,
  type Severity,
  type Source,
  SOURCES,
} from './entry.js';
import { RESERVED_MESSAGE } from './own-resources.js';

const STATE = {
  type: Object,
  nullable: true,
  description: 'Any JSON object: at most 32 levels and 1,000 keys; the whole entry at most 64 KiB.',
} as const;

/** Documentation of the body; entry-parser.ts is what checks it. */
export class CreateEntryDto {
  @ApiProperty({ enum: RECORDED_ACTIONS })
  action_type: (typeof RECORDED_ACTIONS)[number];

  @ApiProperty({
    ...{ minLength: 1, maxLength: 255, example: 'invoice' },
    description: `It ${RESERVED_MESSAGE} (422).`,
  })
  resource_type: string;

  @ApiProperty({ minLength: 1, maxLength: 255, example: 'INV-42' })
  resource_id: string;

  @ApiPropertyOptional({ enum: SEVERITIES, default: 'INFO' })
  severity?: Severity;

  @ApiPropertyOptional({ minLength: 1, maxLength: 255 })
  user_id?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 255 })
  session_id?: string;

  @ApiPropertyOptional({ description: 'IPv4 or IPv6.', example: '192.0.2.10' })
  ip_address?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 1024 })
  user_agent?: string;

  @ApiPropertyOptional(STATE)
  before_state?: Record<string, unknown>;

  @ApiPropertyOptional(STATE)
  after_state?: Record<string, unknown>;

  @ApiPropertyOptional(STATE)
  metadata?: Record<string, unknown>;

  @ApiPropertyOptional({ example: 'Invoice approved' })
  message?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 255 })
  status?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'When it happened (RFC 3339); absent means now.' })
  occurred_at?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 255,
    description: 'Your own id. Sending it again stores nothing twice. The header `Idempotency-Key` means the same.',
  })
  idempotency_key?: string;
}

export class CreateEntriesDto {
  @ApiProperty({ type: [CreateEntryDto], minItems: 1, maxItems: 1000 })
  logs: CreateEntryDto[];
}

export class ChangeResponse {
  @ApiProperty({ description: 'JSON Pointer (RFC 6901).', example: '/address/city' })
  path: string;

  @ApiPropertyOptional({ type: Object, description: 'Absent where there was no value.' })
  before?: JsonValue;

  @ApiPropertyOptional({ type: Object, description: 'Absent where there is no value.' })
  after?: JsonValue;
}

const TEXT = { type: String, nullable: true } as const;
const NUMBER = { type: Number, nullable: true } as const;
const FIELDS = { type: String, isArray: true, enum: PERSONAL_FIELDS, nullable: true } as const;
const JSON_OBJECT = { type: Object, nullable: true } as const;

export class EntryResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  tenant_id: string;

  @ApiProperty({ enum: SOURCES, description: 'tidemark: recorded by Tidemark itself, of what was done to it.' })
  source: Source;

  @ApiProperty({ description: 'The application that recorded it.' })
  client_id: string;

  @ApiProperty({ ...TEXT, format: 'uuid', description: 'The key it was recorded with.' })
  key_id: string | null;

  @ApiProperty({ enum: ACTION_TYPES, description: 'EVENT: recorded through /audit-events, which know no action.' })
  action_type: ActionType;

  @ApiProperty()
  resource_type: string;

  @ApiProperty({ ...TEXT, description: 'null once it is erased.' })
  resource_id: string | null;

  @ApiProperty({ enum: SEVERITIES })
  severity: Severity;

  @ApiProperty(TEXT)
  status: string | null;

  @ApiProperty(TEXT)
  user_id: string | null;

  @ApiProperty(TEXT)
  session_id: string | null;

  @ApiProperty(TEXT)
  ip_address: string | null;

  @ApiProperty(TEXT)
  user_agent: string | null;

  @ApiProperty(TEXT)
  message: string | null;

  @ApiProperty(JSON_OBJECT)
  before_state: JsonValue;

  @ApiProperty(JSON_OBJECT)
  after_state: JsonValue;

  @ApiProperty({ type: [ChangeResponse], description: 'What differs between the states, at most 500 values.' })
  changes: ChangeResponse[];

  @ApiProperty(JSON_OBJECT)
  metadata: JsonValue;

  @ApiProperty(TEXT)
  functionality: string | null;

  @ApiProperty(TEXT)
  event_type: string | null;

  @ApiProperty(NUMBER)
  store_id: number | null;

  @ApiProperty(NUMBER)
  company_id: number | null;

  @ApiProperty(TEXT)
  idempotency_key: string | null;

  @ApiProperty({ format: 'date-time' })
  occurred_at: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({
    ...{ ...TEXT, format: 'date-time' },
    description: 'When personal fields were last erased or redacted.',
  })
  erased_at: string | null;

  @ApiProperty({ ...FIELDS, description: 'What an erasure took; null: nothing.' })
  erased_fields: PersonalField[] | null;

  @ApiProperty({ ...FIELDS, description: 'Where an erasure replaced values by "[redacted]"; null: nowhere.' })
  redacted_fields: PersonalField[] | null;
}

export class CreatedEntryResponse extends EntryResponse {
  @ApiProperty({ description: 'True when this idempotency_key was used before; the entry is then the first one.' })
  duplicate: boolean;
}

class EntryError {
  @ApiProperty()
  message: string;

  @ApiPropertyOptional()
  path?: string;
}

export class EntryResult {
  @ApiProperty({ description: 'Position in the request, from 0.' })
  index: number;

  @ApiProperty({ enum: ['created', 'duplicate', 'rejected'] })
  status: 'created' | 'duplicate' | 'rejected';

  @ApiPropertyOptional({ format: 'uuid' })
  id?: string;

  @ApiPropertyOptional()
  error?: EntryError;
}

export class CreatedEntriesResponse {
  @ApiProperty()
  created: number;

  @ApiProperty()
  duplicates: number;

  @ApiProperty()
  rejected: number;

  @ApiProperty({ type: [EntryResult], description: 'One per entry, in the order sent.' })
  results: EntryResult[];
}

export class EntryPage {
  @ApiProperty({ type: [EntryResponse] })
  data: EntryResponse[];

  @ApiProperty({ type: String, nullable: true, description: 'Pass as cursor for the next page; null on the last.' })
  next_cursor: string | null;
}
