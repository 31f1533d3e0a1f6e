import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../platform/access.js';
import type { Principal } from '../platform/principal.js';
import { CreatedKeyResponse, CreateKeyDto } from './keys.dto.js';
import { KeysService } from './keys.service.js';

@ApiTags('keys')
@Controller('keys')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  /** Creates a key. The answer holds the key itself, this once. */
  @Post()
  @RequireScope('admin')
  @ApiCreatedResponse({ type: CreatedKeyResponse })
  create(@Caller() caller: Principal, @Body() body: CreateKeyDto): Promise<CreatedKeyResponse> {
    return this.keys.create(caller, body);
  }
}
