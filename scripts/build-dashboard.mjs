// Builds the dashboard and ReDoc into dist/dashboard, compresses each file once for all answers, and fails beyond the size budgets.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { buildRedoc } from './build-redoc.mjs';
import { checkBudgets } from './dashboard-budgets.mjs';
import { root } from './prepare.mjs';

const output = join(root, 'dist', 'dashboard');

await build({ configFile: join(root, 'dashboard', 'vite.config.mjs') });
buildRedoc(output);
for (const name of readdirSync(output, { recursive: true, withFileTypes: true })) {
  if (name.isFile()) compress(join(name.parentPath, name.name));
}
checkBudgets(output);

function compress(file) {
  const content = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params }));
}
