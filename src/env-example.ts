import { writeFileSync } from 'node:fs';
import { envExample } from './platform/config/config.js';

/** Writes `.env.example` from the settings: `node dist/env-example.js FILE`. */
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(envExample());
else writeFileSync(file, envExample());
