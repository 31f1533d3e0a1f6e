import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { ApiModule } from './api.module.js';
import { createOpenApiDocument, setPrefix, toYaml } from './openapi-document.js';
import { loadConfig } from './platform/config/config.js';

/** Writes the OpenAPI document of this build: `node dist/openapi.js FILE`. Needs no database. */
const app = await NestFactory.create(ApiModule.forRoot(loadConfig({ DATABASE_URL: 'postgresql://localhost/none' })), {
  preview: true,
  logger: false,
});
setPrefix(app);
const yaml = toYaml(createOpenApiDocument(app));
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(yaml);
else writeFileSync(file, yaml);
