import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { QueueBackend } from '../queues/queues.js';

const STATUSES = ['up', 'down'] as const;

export class CheckResponse {
  @ApiProperty({ enum: STATUSES })
  status: (typeof STATUSES)[number];

  @ApiProperty({ type: Number, nullable: true, description: 'Round trip in milliseconds; null when down.' })
  latency_ms: number | null;
}

class QueueCheckResponse extends CheckResponse {
  @ApiProperty({ enum: ['redis', 'postgres'] })
  backend: QueueBackend;
}

class ChecksResponse {
  @ApiProperty()
  postgres: CheckResponse;

  @ApiProperty()
  queue: QueueCheckResponse;

  @ApiPropertyOptional({ description: 'With CLICKHOUSE_URL.' })
  clickhouse?: CheckResponse;
}

export class HealthResponse {
  @ApiProperty({ enum: ['healthy', 'unhealthy'] })
  status: 'healthy' | 'unhealthy';

  @ApiProperty({ enum: ['tidemark'] })
  service: 'tidemark';

  @ApiProperty()
  version: string;

  @ApiProperty({ type: 'integer' })
  uptime_s: number;

  @ApiProperty()
  checks: ChecksResponse;
}

export class LivenessResponse {
  @ApiProperty({ enum: ['alive'] })
  status: 'alive';
}

export class ReadinessResponse {
  @ApiProperty({ enum: ['ready', 'not_ready'] })
  status: 'ready' | 'not_ready';
}
