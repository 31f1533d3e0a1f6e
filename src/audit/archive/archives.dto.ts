import { ApiProperty } from '@nestjs/swagger';
import { PageQuery } from '../../platform/http/query.dto.js';

export class ListArchivesQuery extends PageQuery {}

export class ArchiveResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: '2026-11', description: 'When its entries were recorded, in UTC.' })
  month: string;

  @ApiProperty({ description: 'Its name in the store: what restore-archive takes.' })
  file: string;

  @ApiProperty({ type: 'integer' })
  entries: number;

  @ApiProperty({ type: 'integer', description: 'First leaf of the tree that it holds.' })
  first_leaf: number;

  @ApiProperty({ type: 'integer' })
  last_leaf: number;

  @ApiProperty({ format: 'date-time', description: 'The oldest occurred_at in it.' })
  occurred_from: string;

  @ApiProperty({ format: 'date-time' })
  occurred_to: string;

  @ApiProperty({ type: 'integer', description: 'Size of the tree that its proofs lead to.' })
  tree_size: number;

  @ApiProperty({ description: 'Root of that tree (base64).' })
  root_hash: string;

  @ApiProperty({ description: 'SHA-256 of the file, in hex.' })
  sha256: string;

  @ApiProperty({ type: 'integer' })
  bytes: number;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class ArchivePage {
  @ApiProperty({ type: [ArchiveResponse] })
  data: ArchiveResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
