import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min, ValidateBy, ValidateIf } from 'class-validator';
import { badRequest } from './problem.js';
import { askedTimeFault, parseAskedTime } from '../time/asked-time.js';
import { DAY_MS, type TimeRange } from '../time/time.js';
import { isTimeZone } from '../time/time-zone.js';

const DEFAULT_DAYS = 7;

/** A date or a date-time; without an offset it is one of the time zone `tz`. Documents itself. */
export function AskedTime(description: string): PropertyDecorator {
  return applyDecorators(
    ValidateBy({
      name: 'isAskedTime',
      validator: {
        validate: (value) => askedTimeFault(value) === null,
        defaultMessage: (validation) => `$property ${askedTimeFault(validation?.value)}`,
      },
    }),
    IsOptional(),
    ApiPropertyOptional({ type: String, description, format: 'date-or-date-time' }),
  );
}

/** `America/Chicago` */
function IsTimeZone(): PropertyDecorator {
  return ValidateBy({
    name: 'isTimeZone',
    validator: {
      validate: (value) => typeof value === 'string' && isTimeZone(value),
      defaultMessage: () => '$property must be an IANA time zone, like America/Chicago',
    },
  });
}

/** Text of a query parameter → whole number; anything else stays as it is and fails validation. */
export function ToInteger(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
  );
}

/** Text of 1 to `max` characters, which may be left out. Documents its bounds. */
export function OptionalText(max = 255): PropertyDecorator {
  return applyDecorators(
    ...[Length(1, max), IsString(), IsOptional()],
    ApiPropertyOptional({ type: String, minLength: 1, maxLength: max }),
  );
}

/** Whole number in the text of a query parameter, which may be left out. Documents its bounds. */
export function OptionalInteger(min: number, max?: number): PropertyDecorator {
  return applyDecorators(
    ...(max === undefined ? [] : [Max(max)]),
    ...[Min(min), IsInt(), ToInteger(), IsOptional()],
    ApiPropertyOptional({ type: 'integer', minimum: min, ...(max === undefined ? {} : { maximum: max }) }),
  );
}

/** Validates a field unless it is absent; unlike IsOptional, null is not absence. */
export function IfGiven(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}

/** `true` or `false`; read it by comparing with 'true'. */
export function OptionalSwitch(words: { description: string; default?: 'true' | 'false' }): PropertyDecorator {
  const values = ['true', 'false'];
  return applyDecorators(IsIn(values), IsOptional(), ApiPropertyOptional({ enum: values, ...words }));
}

/** Of an export as csv. By the mark Excel knows UTF-8; other readers take it for a part of the first name. */
export const ByteOrderMark = (): PropertyDecorator =>
  OptionalSwitch({
    default: 'false',
    description: 'csv only: start with a byte order mark, by which Excel knows UTF-8.',
  });

export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', description: 'Rows per page.', minimum: 1, maximum: 1000, default: 50 })
  @IsOptional()
  @ToInteger()
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1)
  @Max(1000)
  limit = 50;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @OptionalText(200)
  cursor?: string;
}

export class ZoneQuery {
  @ApiPropertyOptional({
    type: String,
    description:
      'IANA time zone of dates and times without an offset, in which buckets and days begin and exports print times.',
    ...{ minLength: 1, maxLength: 64 },
    default: 'UTC',
    example: 'America/Chicago',
  })
  @IfGiven()
  @IsTimeZone()
  tz = 'UTC';
}

export class RangeQuery extends ZoneQuery {
  @AskedTime('Start, inclusive: RFC 3339, or a date or time in `tz`. Default: 7 days before `to`.')
  from?: string;

  @AskedTime('End, exclusive: RFC 3339, or a date or time in `tz`. Default: now.')
  to?: string;
}

/** A range that was asked for in a query or a body. */
export type AskedRange = Partial<Pick<RangeQuery, 'from' | 'to' | 'tz'>>;

export class ListQuery extends IntersectionType(RangeQuery, PageQuery) {}

/**
 * The asked range in milliseconds, with the defaults filled in.
 * @throws Problem 400 when it is empty or backwards
 */
export function toTimeRange({ from: start, to: end, tz = 'UTC' }: AskedRange, now = Date.now()): TimeRange {
  const to = end === undefined ? now : (parseAskedTime(end, tz) ?? now);
  const from = start === undefined ? to - DEFAULT_DAYS * DAY_MS : (parseAskedTime(start, tz) ?? to);
  if (from >= to) {
    throw badRequest('from must be before to.', [{ path: 'from', message: 'must be before to' }]);
  }
  return { from, to };
}
