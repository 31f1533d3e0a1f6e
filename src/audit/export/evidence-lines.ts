import type { ActRow, LeafRow } from '../transparency-log/evidence.js';
import type { ProvableEntry } from '../search/entries.repository.js';
import type { SignedCheckpoint } from '../transparency-log/audit-tree.repository.js';
import type { ActLine, EntryLine, ExportStatement, LineEvidence, PrunedLine } from '../transparency-log/evidence.js';
import { PERSONAL_FIELDS, saltOf } from '../transparency-log/leaf.js';

const HASHES_PER_LINE = 256;

export type EvidenceLine = EntryLine | ActLine | PrunedLine;

export function stateOf(
  checkpoint: SignedCheckpoint | null,
  rest: Pick<ExportStatement, 'complete' | 'filters'>,
): ExportStatement {
  return { checkpoint: checkpoint?.note ?? null, public_key: checkpoint?.publicKey ?? null, ...rest };
}

export function toLine(
  { salts, leaf, erasures: _erasures, ...entry }: ProvableEntry,
  index: number | null,
  more: Partial<LineEvidence>,
): EntryLine {
  const opened = PERSONAL_FIELDS.flatMap((field) => {
    const salt = entry[field] === null ? null : saltOf(salts, field);
    return salt === null ? [] : [[field, salt.toString('base64')]];
  });
  const evidence = {
    leaf_index: index,
    leaf: leaf.toString('base64'),
    salts: Object.fromEntries(opened) as LineEvidence['salts'],
    ...more,
  };
  return { ...entry, evidence };
}

/** A page of the whole trail. */
export function toLines(rows: readonly LeafRow[], entries: ReadonlyMap<string, ProvableEntry>): EvidenceLine[] {
  const lines: EvidenceLine[] = [];
  let gap: PrunedLine | undefined;
  for (const row of rows) {
    const entry = row.entry_id === null ? undefined : entries.get(row.entry_id);
    if (entry === undefined && row.leaf === null) {
      if (gap === undefined || gap.pruned.hashes.length === HASHES_PER_LINE) {
        gap = { pruned: { from: row.leaf_index, hashes: [] }, evidence: {} };
        lines.push(gap);
      }
      gap.pruned.hashes.push(row.leaf_hash.toString('base64'));
      continue;
    }
    gap = undefined;
    if (entry !== undefined) lines.push(toLine(entry, row.leaf_index, {}));
    else lines.push(toActLine(row as ActRow));
  }
  return lines;
}

export function toActLine({ kind, leaf_index, leaf }: ActRow, more: Partial<LineEvidence> = {}): ActLine {
  return { act: kind, evidence: { leaf_index, leaf: leaf.toString('base64'), ...more } };
}
