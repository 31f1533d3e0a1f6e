import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { PageQuery } from '../../platform/http/query.dto.js';
import {
  CreateSavedSegmentDto,
  SavedSegmentPage,
  SavedSegmentResponse,
  UpdateSavedSegmentDto,
} from './segments.dto.js';
import { SegmentsService } from './segments.service.js';

@ApiTags('Saved segments')
@Controller('segments')
@RequireScope('read')
export class SegmentsController {
  constructor(private readonly segments: SegmentsService) {}

  /** Keeps a filter under a name, to be named as `segment` wherever a filter may stand. */
  @Post()
  @RequireScope('admin')
  @ApiCreatedResponse({ type: SavedSegmentResponse })
  createSegment(@Caller() caller: Principal, @Body() segment: CreateSavedSegmentDto): Promise<SavedSegmentResponse> {
    return this.segments.create(caller, segment);
  }

  /** Saved segments, newest first. */
  @Get()
  @ApiOkResponse({ type: SavedSegmentPage })
  listSegments(@Caller() caller: Principal, @Query() query: PageQuery): Promise<SavedSegmentPage> {
    return this.segments.list(caller.tenantId, query.limit, query.cursor);
  }

  /** One saved segment. */
  @Get(':id')
  @ApiOkResponse({ type: SavedSegmentResponse })
  getSegment(@Caller() caller: Principal, @Param('id') id: string): Promise<SavedSegmentResponse> {
    return this.segments.get(caller.tenantId, id);
  }

  /** Changes the name or the filter of a segment, for every question that names it from now on. */
  @Patch(':id')
  @RequireScope('admin')
  @ApiOkResponse({ type: SavedSegmentResponse })
  updateSegment(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() change: UpdateSavedSegmentDto,
  ): Promise<SavedSegmentResponse> {
    return this.segments.update(caller, id, change);
  }

  /** Deletes a segment that no saved funnel needs. */
  @Delete(':id')
  @HttpCode(204)
  @RequireScope('admin')
  @ApiNoContentResponse()
  deleteSegment(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.segments.delete(caller, id);
  }
}
