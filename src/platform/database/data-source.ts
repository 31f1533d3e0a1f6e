import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { readConfig } from '../config/environment.js';
import { migrationOptions } from './data-source-options.js';
import { packageRoot } from '../config/package-root.js';

/** What the TypeORM command line works on. */
export default new DataSource({
  ...migrationOptions(readConfig()),
  entities: [join(packageRoot, 'dist', '**', '*.entity.js')],
});
