import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of package.json, seen from src/platform and dist/platform alike. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
