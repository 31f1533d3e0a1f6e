import { isUuid } from '../../platform/database/uuid7.js';
import { fromBase64, isObject, type Members, parseAct, parseObject } from '../verifier/line-check.js';
import type { ProvableEntry } from '../search/entries.repository.js';
import type { EntryLine } from '../transparency-log/evidence.js';
import { PERSONAL_FIELDS, SALT_BYTES } from '../transparency-log/leaf.js';

/** An entry as an archive holds it, with its place in the tree. */
export interface ArchivedEntry {
  leafIndex: number;
  entry: ProvableEntry;
}

/** Reads the lines of an archive in their order: the erasures that an entry mentions come before it. */
export class ArchiveReader {
  private readonly erasures: { index: number; ranges: [number, number][] }[] = [];

  /**
   * @returns null for a line that is no entry
   * @throws for one that no archive has
   */
  read(text: string | null): ArchivedEntry | null {
    const line = text === null ? null : parseObject(text);
    const evidence = line?.['evidence'];
    if (line === null || !isObject(evidence))
      throw new Error('The archive contains a line that does not belong in an archive.');
    const leaf = fromBase64(evidence['leaf']);
    const leafIndex = evidence['leaf_index'];
    if (leaf === null || typeof leafIndex !== 'number') throw new Error('The archive contains a line without a leaf.');
    if ('act' in line) {
      const act = parseAct(leaf);
      if (act?.kind === 'erasure') this.erasures.push({ index: leafIndex, ranges: act.ranges });
      return null;
    }
    const { evidence: _evidence, ...fields } = line as unknown as EntryLine;
    const erasures = fields.erased_at === null ? [] : this.erasuresOf(leafIndex);
    return {
      leafIndex,
      entry: { ...fields, leaf, salts: saltsOf(evidence['salts']), erasures },
    };
  }

  /** An act changes each entry that it names, so these are the ones that the entry had noted. */
  private erasuresOf(leafIndex: number): number[] {
    return this.erasures
      .filter(({ ranges }) => ranges.some(([from, to]) => leafIndex >= from && leafIndex < to))
      .map(({ index }) => index)
      .sort((a, b) => a - b);
  }
}

/** Those of fields without a value are not in the archive; nothing needs them. */
function saltsOf(given: Members[string] | undefined): Buffer {
  const salts = isObject(given) ? given : {};
  return Buffer.concat(
    PERSONAL_FIELDS.map((field) => {
      const salt = salts[field];
      return typeof salt === 'string' ? Buffer.from(salt, 'base64') : Buffer.alloc(SALT_BYTES);
    }),
  );
}

/** The columns of an entry, as jsonb_populate_recordset() reads them. */
export function toRow({ entry }: ArchivedEntry): object {
  const { leaf, salts, erasures, ...fields } = entry;
  if (!isUuid(entry.id)) throw new Error('The archive contains an entry without an id.');
  return {
    ...fields,
    leaf: `\\x${leaf.toString('hex')}`,
    salts: `\\x${salts.toString('hex')}`,
    erasures: erasures.length === 0 ? null : erasures,
  };
}
