import { Closed, DateTime, JsonObject, Text } from '../../platform/http/body/fields.js';

/** null and absent mean the same, as SDKs in many languages cannot tell them apart. */
const OPTIONAL = { optional: true, nullable: true } as const;

@Closed('is not a field of an event; put your own data into payload')
export class IngestEventDto {
  @Text({ example: 'page_view' })
  event_type: string;

  @Text({
    ...OPTIONAL,
    description:
      'Your own id. Sending it again stores nothing twice. `idempotency_key` and the header `Idempotency-Key` mean the same.',
  })
  event_id?: string | null;

  @Text({ ...OPTIONAL, description: 'Same as event_id.' })
  idempotency_key?: string | null;

  @DateTime({
    ...OPTIONAL,
    description:
      'When it happened (RFC 3339, to the microsecond), from 2000-01-01 to one day from now; absent means now.',
  })
  event_time?: string | null;

  @Text(OPTIONAL)
  user_id?: string | null;

  @Text(OPTIONAL)
  session_id?: string | null;

  @JsonObject({
    ...OPTIONAL,
    description: 'Your own data: at most 64 KiB, 32 levels and 1,000 keys. Numbers keep all their digits.',
    example: { page_url: '/pricing', device_type: 'mobile' },
  })
  payload?: Record<string, unknown> | null;

  @JsonObject({ ...OPTIONAL, description: 'Same as payload.' })
  properties?: Record<string, unknown> | null;
}
