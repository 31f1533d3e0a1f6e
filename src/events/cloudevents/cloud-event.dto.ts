import { ANY_JSON, DateTime, Field, MoreMembers, Text } from '../../platform/http/body/fields.js';

const OPTIONAL = { optional: true, nullable: true } as const;
const NOT_EMPTY = { type: 'string', minLength: 1 };

/** Extension attributes are called by up to 64 lower-case letters and digits. */
@MoreMembers({
  anyOf: [
    { type: 'string', nullable: true },
    { type: 'number', nullable: true },
    { type: 'boolean', nullable: true },
  ],
})
export class CloudEventDto {
  @Field({ type: 'string', enum: ['1.0'] })
  specversion: string;

  @Field(NOT_EMPTY, { description: 'With source it becomes event_id: sending both again stores nothing twice.' })
  id: string;

  @Field(
    { ...NOT_EMPTY, pattern: '^[^\\s|\\u0000-\\u001f\\u007f-\\u009f]+$', title: 'URI reference' },
    { example: '/shop' },
  )
  source: string;

  @Text({ description: 'Becomes event_type.' })
  type: string;

  @DateTime({ ...OPTIONAL, description: 'Becomes event_time: from 2000-01-01 to one day from now; absent means now.' })
  time?: string | null;

  @Text({ ...OPTIONAL, description: 'Becomes user_id.' })
  subject?: string | null;

  @Field(NOT_EMPTY, OPTIONAL)
  datacontenttype?: string | null;

  @Field(NOT_EMPTY, { ...OPTIONAL, description: 'Kept in the payload under cloudevent, like extension attributes.' })
  dataschema?: string | null;

  @Field(ANY_JSON, { optional: true, description: 'Becomes the payload.' })
  data?: unknown;

  @Field(
    { ...NOT_EMPTY, pattern: '^[A-Za-z0-9+/]*={0,2}$', title: 'base64 text' },
    { ...OPTIONAL, description: 'Instead of data.' },
  )
  data_base64?: string | null;
}
