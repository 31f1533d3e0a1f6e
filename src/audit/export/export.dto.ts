import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { ByteOrderMark } from '../../platform/http/query.dto.js';
import { EntryFilterQuery } from '../search/entry-queries.dto.js';
import { EXPORT_FORMATS, type ExportFormat } from './send-export.js';

export class ExportEntriesQuery extends EntryFilterQuery {
  @ApiPropertyOptional({ enum: EXPORT_FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(EXPORT_FORMATS)
  format: ExportFormat = 'csv';

  @ByteOrderMark()
  bom?: string;
}
