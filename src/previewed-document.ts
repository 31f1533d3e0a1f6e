import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ApiModule } from './api.module.js';
import { createOpenApiDocument, setPrefix } from './openapi-document.js';
import { loadConfig } from './platform/config/config.js';

/** The OpenAPI document of this build, without a database: nothing is started. */
export async function previewDocument(): Promise<OpenAPIObject> {
  const config = loadConfig({ DATABASE_URL: 'postgresql://localhost/none' });
  const app = await NestFactory.create(ApiModule.forRoot(config), { preview: true, logger: false });
  setPrefix(app);
  return createOpenApiDocument(app);
}
