import { ArchiveRestorer } from '../audit/archive/archive-restorer.js';
import { toArchiveResponse } from '../audit/archive/archives.service.js';
import type { Config } from '../platform/config/config.js';
import { ArchiveModule } from '../audit/archive/archive.module.js';
import { inApplication } from './cli.module.js';
import { type OutputOptions, print } from './output.js';
import { ProgressBar } from './progress-bar.js';

export async function restoreArchive(config: Config, file: string, { json }: OutputOptions): Promise<void> {
  const bar = json ? null : new ProgressBar(process.stdout);
  const { archive, restored, present, until } = await inApplication(config, [ArchiveModule], (app) =>
    app
      .get(ArchiveRestorer)
      .restoreFile(file, { clientId: 'cli', keyId: null }, (done, of) =>
        bar?.show(Math.floor((done * 100) / of), `${done} of ${of} entries`),
      ),
  );
  bar?.end();
  const data = { restored, already_there: present, restored_until: until.toISOString() };
  const text =
    `Restored ${restored} of ${archive.entries} entries of ${archive.month}; ${present} were there already. ` +
    `Those restored now stay until ${until.toISOString()} at least.`;
  print(json, { ...data, tenant_id: archive.tenantId, archive: toArchiveResponse(archive) }, text);
}
