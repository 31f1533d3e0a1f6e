// node scripts/with-build.mjs <file> [arguments]: runs a file of this repository after installing and building what is
// missing, in this process, as if it had been called directly.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, prepare, root } from './prepare.mjs';

const [file, ...words] = process.argv.slice(2);
if (file === undefined) fail('Usage: node scripts/with-build.mjs <file> [arguments]');
await prepare();
const path = resolve(root, file);
process.argv = [process.execPath, path, ...words];
await import(pathToFileURL(path).href);
