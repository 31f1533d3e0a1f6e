import type { ArchivePlan, WrittenArchive } from './archives.repository.js';

/** What lies beside an archive, for people and other tools; the index in the database does not need it. */
export function manifestOf(
  { tenantId, month, file, entries, ranges }: ArchivePlan,
  { occurredFrom, occurredTo, treeSize, rootHash, sha256, bytes }: WrittenArchive,
  { checkpoint, publicKey }: { checkpoint: string; publicKey: string },
): string {
  const manifest = {
    version: 1,
    tenant_id: tenantId,
    month,
    file: file.slice(file.lastIndexOf('/') + 1),
    sha256: sha256.toString('hex'),
    bytes,
    entries,
    leaves: ranges,
    occurred_from: occurredFrom,
    occurred_to: occurredTo,
    tree_size: treeSize,
    root_hash: rootHash.toString('base64'),
    checkpoint,
    public_key: publicKey,
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
