import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Min } from 'class-validator';
import { ToInteger } from '../../platform/http/query.dto.js';

export class ConsistencyQuery {
  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'Size of the earlier tree: `tree_size` of a checkpoint you kept.',
  })
  @ToInteger()
  @IsInt({ message: 'from must be a whole number' })
  @Min(0)
  from: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    description: 'Size of the later tree. Default: the newest checkpoint.',
  })
  @IsOptional()
  @ToInteger()
  @IsInt({ message: 'to must be a whole number' })
  @Min(0)
  to?: number;
}

export class CheckpointResponse {
  @ApiProperty({ description: 'Which tree this is: the installation and the tenant.' })
  origin: string;

  @ApiProperty({ type: 'integer', description: 'Leaves in the tree.' })
  tree_size: number;

  @ApiProperty({ description: 'Base64.' })
  root_hash: string;

  @ApiProperty({ description: 'The signed note (c2sp.org/tlog-checkpoint). Keep it: it proves later what was there.' })
  checkpoint: string;

  @ApiProperty({ description: 'Verifier key (c2sp.org/signed-note) of the signature.' })
  public_key: string;
}

export class InclusionProofResponse {
  @ApiProperty({ type: 'integer' })
  leaf_index: number;

  @ApiProperty({ type: 'integer' })
  tree_size: number;

  @ApiProperty({ type: String, nullable: true, description: 'Base64; null once retention has removed the entry.' })
  leaf: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description:
      'Opens the commitments of the leaf: the salt of each personal field, base64; without those that were erased.',
  })
  salts: Record<string, string>;

  @ApiProperty({ description: 'SHA-256(0x00 ‖ leaf), base64.' })
  leaf_hash: string;

  @ApiProperty({ description: 'Base64.' })
  root_hash: string;

  @ApiProperty({ type: [String], description: 'RFC 6962 inclusion proof from the leaf up, base64.' })
  proof: string[];

  @ApiProperty({ description: 'Signed note with this size and root.' })
  checkpoint: string;

  @ApiProperty({ description: 'Verifier key of its signature.' })
  public_key: string;
}

export class ConsistencyProofResponse {
  @ApiProperty({ type: 'integer' })
  from: number;

  @ApiProperty({ type: 'integer' })
  to: number;

  @ApiProperty({ description: 'Root of the tree of `from` leaves, base64.' })
  from_root_hash: string;

  @ApiProperty({ description: 'Root of the tree of `to` leaves, base64.' })
  to_root_hash: string;

  @ApiProperty({ type: [String], description: 'RFC 6962 consistency proof, base64.' })
  proof: string[];
}
