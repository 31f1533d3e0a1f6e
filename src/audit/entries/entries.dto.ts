import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ANY_JSON,
  CheckedOneByOne,
  Closed,
  DateTime,
  Field,
  IP_ADDRESS,
  JSON_OBJECT,
  JsonObject,
  ListOf,
  OneOf,
  Prose,
  Text,
} from '../../platform/http/body/fields.js';
import { RangeResponse } from '../../platform/http/range.dto.js';
import type { JsonValue } from '../transparency-log/canonical-json.js';
import { PERSONAL_FIELDS, type PersonalField } from '../transparency-log/leaf.js';
import {
  ACTION_TYPES,
  type ActionType,
  type EntryContent,
  RECORDED_ACTIONS,
  SEVERITIES,
  type Severity,
  type Source,
  SOURCES,
} from './entry.js';
import { RESERVED_MESSAGE } from './own-resources.js';

/** null and absent mean the same. */
const OPTIONAL = { optional: true, nullable: true } as const;

const STATE = {
  ...OPTIONAL,
  description: 'Any JSON object or array: at most 32 levels and 1,000 keys; the whole entry at most 64 KiB.',
} as const;
const JSON_STATE = { anyOf: [JSON_OBJECT, { type: 'array', items: {} }] };

@Closed()
export class CreateEntryDto {
  @OneOf(RECORDED_ACTIONS)
  action_type: (typeof RECORDED_ACTIONS)[number];

  @Text({ example: 'invoice', description: `It ${RESERVED_MESSAGE} (422).` })
  resource_type: string;

  @Text({ example: 'INV-42' })
  resource_id: string;

  @OneOf(SEVERITIES, { ...OPTIONAL, description: 'Absent means INFO.' })
  severity?: Severity | null;

  @Text(OPTIONAL)
  user_id?: string | null;

  @Text(OPTIONAL)
  session_id?: string | null;

  @Field(IP_ADDRESS, { ...OPTIONAL, example: '192.0.2.10' })
  ip_address?: EntryContent['ip_address'];

  @Text({ ...OPTIONAL, max: 1_024 })
  user_agent?: string | null;

  @Field(JSON_STATE, STATE)
  before_state?: JsonValue;

  @Field(JSON_STATE, STATE)
  after_state?: JsonValue;

  @JsonObject({ ...STATE, description: STATE.description.replace(' or array', '') })
  metadata?: JsonValue;

  @Prose({ ...OPTIONAL, example: 'Invoice approved' })
  message?: string | null;

  @Text(OPTIONAL)
  status?: string | null;

  @DateTime({
    ...OPTIONAL,
    description: 'When it happened (RFC 3339), from 2000-01-01 to one day from now; absent means now.',
  })
  occurred_at?: string | null;

  @Text({
    ...OPTIONAL,
    description: 'Your own id. Sending it again stores nothing twice. The header `Idempotency-Key` means the same.',
  })
  idempotency_key?: string | null;
}

@Closed()
export class CreateEntriesDto {
  @CheckedOneByOne()
  @ListOf(CreateEntryDto, { min: 1, max: 1000, description: 'A bad one sinks no other.' })
  logs: CreateEntryDto[];
}

export class ChangeResponse {
  @ApiProperty({ description: 'JSON Pointer (RFC 6901).', example: '/address/city' })
  path: string;

  @Field(ANY_JSON, { optional: true, description: 'Absent where there was no value.' })
  before?: JsonValue;

  @Field(ANY_JSON, { optional: true, description: 'Absent where there is no value.' })
  after?: JsonValue;
}

const TEXT = { type: String, nullable: true } as const;
const NUMBER = { type: 'integer', nullable: true } as const;
const FIELDS = { type: String, isArray: true, enum: PERSONAL_FIELDS, nullable: true } as const;

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

  @Field(ANY_JSON)
  before_state: JsonValue;

  @Field(ANY_JSON)
  after_state: JsonValue;

  @ApiProperty({ type: [ChangeResponse], description: 'What differs between the states, at most 500 values.' })
  changes: ChangeResponse[];

  @Field(ANY_JSON)
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

  @ApiProperty({ description: 'Whether it was removed and came back from an archive.' })
  restored: boolean;
}

export class CreatedEntryResponse extends EntryResponse {
  @ApiProperty({ description: 'True when this idempotency_key was used before; the entry is then the first one.' })
  duplicate: boolean;
}

/** What the problem of a conflict says besides. */
export class EntryConflict {
  @ApiPropertyOptional({ format: 'uuid', description: 'Of the entry that was there before.' })
  id?: string;
}

class EntryFault {
  @ApiProperty()
  path: string;

  @ApiProperty()
  message: string;
}

class EntryError {
  @ApiProperty()
  message: string;

  @ApiPropertyOptional()
  path?: string;

  @ApiPropertyOptional({ type: [EntryFault], description: 'All faults (at most 20), when there are several.' })
  errors?: EntryFault[];
}

export class EntryResult {
  @ApiProperty({ type: 'integer', description: 'Position in the request, from 0.' })
  index: number;

  @ApiProperty({ enum: ['created', 'duplicate', 'rejected'] })
  status: 'created' | 'duplicate' | 'rejected';

  @ApiPropertyOptional({ format: 'uuid' })
  id?: string;

  @ApiPropertyOptional()
  error?: EntryError;
}

export class CreatedEntriesResponse {
  @ApiProperty({ type: 'integer' })
  created: number;

  @ApiProperty({ type: 'integer' })
  duplicates: number;

  @ApiProperty({ type: 'integer' })
  rejected: number;

  @ApiProperty({ type: [EntryResult], description: 'One per entry, in the order sent.' })
  results: EntryResult[];
}

export class EntryPage extends RangeResponse {
  @ApiProperty({ type: [EntryResponse] })
  data: EntryResponse[];

  @ApiProperty({ type: String, nullable: true, description: 'Pass as cursor for the next page; null on the last.' })
  next_cursor: string | null;
}
