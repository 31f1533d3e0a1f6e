import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { EntryFilterQuery } from '../search/entry-queries.dto.js';
import { EXPORT_FORMATS, type ExportFormat } from './send-export.js';

/** By a byte order mark Excel knows that csv is UTF-8; other readers take it for a part of the first name. */
export function Bom(): PropertyDecorator {
  return applyDecorators(
    IsIn(['true', 'false']),
    IsOptional(),
    ApiPropertyOptional({
      enum: ['true', 'false'],
      default: 'false',
      description: 'csv only: start with a byte order mark, by which Excel knows UTF-8.',
    }),
  );
}

export class ExportEntriesQuery extends EntryFilterQuery {
  @ApiPropertyOptional({ enum: EXPORT_FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(EXPORT_FORMATS)
  format: ExportFormat = 'csv';

  @Bom()
  bom?: string;
}
