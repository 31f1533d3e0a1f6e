import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of package.json, seen from src/platform/config and dist/platform/config alike. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
