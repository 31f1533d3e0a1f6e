import { Injectable } from '@nestjs/common';
import { decodeCursor, type Page, toPage } from '../../platform/http/cursor.js';
import type { ArchiveResponse, ListArchivesQuery } from './archives.dto.js';
import { type Archive, ArchivesRepository } from './archives.repository.js';

@Injectable()
export class ArchivesService {
  constructor(private readonly archives: ArchivesRepository) {}

  async list(tenantId: string, { limit, cursor }: ListArchivesQuery): Promise<Page<ArchiveResponse>> {
    const before = cursor === undefined ? null : decodeCursor(cursor);
    return toPage((await this.archives.listPage(tenantId, limit + 1, before)).map(toArchiveResponse), limit);
  }
}

/** Of one that is stored. */
export function toArchiveResponse(archive: Archive): ArchiveResponse {
  const { ranges } = archive;
  return {
    id: archive.id,
    month: archive.month,
    file: archive.file,
    entries: archive.entries,
    first_leaf: ranges[0]![0],
    last_leaf: ranges.at(-1)![1] - 1,
    occurred_from: archive.occurredFrom!.toISOString(),
    occurred_to: archive.occurredTo!.toISOString(),
    tree_size: archive.treeSize!,
    root_hash: archive.rootHash!.toString('base64'),
    sha256: archive.sha256!.toString('hex'),
    bytes: archive.bytes!,
    created_at: archive.createdAt.toISOString(),
  };
}
