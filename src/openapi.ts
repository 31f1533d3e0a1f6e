import { writeFileSync } from 'node:fs';
import { toYaml } from './openapi-document.js';
import { previewDocument } from './previewed-document.js';

/** Writes the OpenAPI document of this build: `node dist/openapi.js FILE`. Needs no database. */
const yaml = toYaml(await previewDocument());
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(yaml);
else writeFileSync(file, yaml);
