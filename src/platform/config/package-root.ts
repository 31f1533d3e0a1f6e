import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of package.json; the same from src/platform/config and from dist/platform/config. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
