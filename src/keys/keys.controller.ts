import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, ChangesAccess, NeedsSharedLimits, RequireScope } from '../platform/http/access.js';
import type { Page } from '../platform/http/cursor.js';
import type { Principal } from '../platform/http/principal.js';
import { PageQuery } from '../platform/http/query.dto.js';
import { CreatedKeyResponse, CreateKeyDto, KeyPage, KeyResponse, RotateKeyDto, UpdateKeyDto } from './keys.dto.js';
import { KeysService } from './keys.service.js';

@ApiTags('Keys')
@Controller('keys')
@RequireScope('admin')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  /** Creates a key. The answer holds the key itself, this once. */
  @Post()
  @NeedsSharedLimits()
  @ChangesAccess()
  @ApiCreatedResponse({ type: CreatedKeyResponse })
  createKey(@Caller() caller: Principal, @Body() body: CreateKeyDto): Promise<CreatedKeyResponse> {
    return this.keys.create(caller, body);
  }

  /** The tenant's keys, newest first. */
  @Get()
  @ApiOkResponse({ type: KeyPage })
  listKeys(@Caller() caller: Principal, @Query() query: PageQuery): Promise<Page<KeyResponse>> {
    return this.keys.list(caller, query.limit, query.cursor);
  }

  /** One key, without its secret. */
  @Get(':id')
  @ApiOkResponse({ type: KeyResponse })
  getKey(@Caller() caller: Principal, @Param('id') id: string): Promise<KeyResponse> {
    return this.keys.get(caller, id);
  }

  /** Changes a key. A disabled one is refused at once by this process, everywhere within two seconds. */
  @Patch(':id')
  @ChangesAccess()
  @ApiOkResponse({ type: KeyResponse })
  updateKey(@Caller() caller: Principal, @Param('id') id: string, @Body() body: UpdateKeyDto): Promise<KeyResponse> {
    return this.keys.update(caller, id, body);
  }

  /** Deletes a key. It is refused at once by this process, everywhere within two seconds. */
  @Delete(':id')
  @ChangesAccess()
  @HttpCode(204)
  @ApiNoContentResponse()
  deleteKey(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.keys.delete(caller, id);
  }

  /** Makes a new key in place of an old one, which stays valid for `grace_s` seconds. */
  @Post(':id/rotate')
  @ChangesAccess()
  @ApiBody({ type: RotateKeyDto, required: false })
  @ApiCreatedResponse({ type: CreatedKeyResponse })
  rotateKey(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() body: RotateKeyDto,
  ): Promise<CreatedKeyResponse> {
    return this.keys.rotate(caller, id, body.grace_s);
  }
}
