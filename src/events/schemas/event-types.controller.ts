import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiBadRequestResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { EventTypePage, EventTypeSchemaResponse, EventTypesQuery, PutSchemaDto } from './event-types.dto.js';
import { EventTypesService } from './event-types.service.js';

@ApiTags('Event types')
@Controller('event-types')
export class EventTypesController {
  constructor(private readonly types: EventTypesService) {}

  /** Event types of the last 30 days and those with a schema, by name. */
  @Get()
  @RequireScope('read')
  @ApiOkResponse({ type: EventTypePage })
  listEventTypes(@Caller() caller: Principal, @Query() query: EventTypesQuery): Promise<EventTypePage> {
    return this.types.list(caller, query);
  }

  /** The schema of an event type. */
  @Get(':event_type/schema')
  @RequireScope('read')
  @ApiOkResponse({ type: EventTypeSchemaResponse })
  getEventTypeSchema(
    @Caller() caller: Principal,
    @Param('event_type') eventType: string,
  ): Promise<EventTypeSchemaResponse> {
    return this.types.getSchema(caller, eventType);
  }

  /** Sets or replaces the schema of an event type. It takes effect everywhere within two seconds. */
  @Put(':event_type/schema')
  @RequireScope('admin')
  @ApiOkResponse({ type: EventTypeSchemaResponse })
  @ApiBadRequestResponse({ description: 'Not a JSON Schema, or one that could hold up the service; errors say where.' })
  setEventTypeSchema(
    @Caller() caller: Principal,
    @Param('event_type') eventType: string,
    @Body() body: PutSchemaDto,
  ): Promise<EventTypeSchemaResponse> {
    return this.types.putSchema(caller, eventType, body);
  }

  /** Removes the schema: every payload is accepted again, within two seconds. */
  @Delete(':event_type/schema')
  @HttpCode(204)
  @RequireScope('admin')
  @ApiNoContentResponse()
  deleteEventTypeSchema(@Caller() caller: Principal, @Param('event_type') eventType: string): Promise<void> {
    return this.types.deleteSchema(caller, eventType);
  }
}
