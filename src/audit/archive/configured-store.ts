import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Problem } from '../../platform/http/problem.js';
import type { ArchiveStore } from './archive-store.js';
import { FolderStore } from './folder-store.js';

/** Where archives go without a setting, on a machine of somebody who works on Tidemark. */
const DEVELOPMENT_FOLDER = '.data/archive';

/** The store that the settings name. */
@Injectable()
export class ConfiguredStore {
  private store: Promise<ArchiveStore> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** @throws Problem 422 where nothing says where archives are kept: then nothing is removed either */
  get(): Promise<ArchiveStore> {
    this.store ??= this.open();
    return this.store;
  }

  private async open(): Promise<ArchiveStore> {
    const { ARCHIVE_URL: url, ARCHIVE_DIR: folder, NODE_ENV } = this.config;
    if (url !== undefined) {
      const { S3Store } = await import('./s3-store.js'); // the client takes a fifth of a second to load
      return new S3Store(url, this.config);
    }
    if (folder === undefined && NODE_ENV === 'production') throw noStore();
    return new FolderStore(folder ?? DEVELOPMENT_FOLDER);
  }
}

const noStore = () =>
  new Problem(
    422,
    'Audit entries are archived before they are removed, and nothing says where to: set ARCHIVE_DIR or ARCHIVE_URL for API and workers.',
  );
