import type { ActLeaf } from '../transparency-log/evidence.js';
import type { PersonalField } from '../transparency-log/leaf.js';

type ErasureLeaf = Extract<ActLeaf, { kind: 'erasure' }>;

interface Act {
  index: number;
  leaf: ErasureLeaf;
}

/** An entry as an export shows it. */
export interface ShownEntry {
  line: number;
  index: number;
  erasedAt: unknown;
  erased: readonly PersonalField[];
  redacted: readonly PersonalField[];
  /** Size of the checkpoint it was exported under: acts before it have been carried out, later ones may have been. */
  size: number;
}

interface Finding {
  /** null: known by its leaf alone. */
  line: number | null;
  problem: string;
}

/**
 * Compares what entries say about their erasure with the acts in the tree. Entries and acts come in any order; an entry
 * that was not erased costs one number.
 */
export class ErasureCheck {
  private readonly acts: Act[] = [];
  private readonly touched: (ShownEntry & { acts: Act[] })[] = [];
  /** Leaf indexes of entries without an erasure, by the size they were exported under. */
  private readonly whole = new Map<number, number[]>();

  addAct(index: number, leaf: ErasureLeaf): void {
    this.acts.push({ index, leaf });
  }

  addEntry(entry: ShownEntry): void {
    if (entry.erasedAt !== null || entry.erased.length > 0 || entry.redacted.length > 0) {
      this.touched.push({ ...entry, acts: [] });
      return;
    }
    const list = this.whole.get(entry.size);
    if (list === undefined) this.whole.set(entry.size, [entry.index]);
    else list.push(entry.index);
  }

  get touchedEntries(): number {
    return this.touched.length;
  }

  *findings(): Generator<Finding> {
    this.acts.sort((a, b) => a.index - b.index);
    this.touched.sort((a, b) => a.index - b.index);
    const indexes = this.touched.map(({ index }) => index);
    for (const act of this.acts) {
      for (const n of within(act, indexes)) this.touched[n]!.acts.push(act);
    }
    for (const entry of this.touched) yield* answerFor(entry);
    for (const [size, list] of this.whole) {
      list.sort((a, b) => a - b);
      for (const act of this.acts) {
        if (act.index >= size) break;
        for (const n of within(act, list)) {
          yield { line: null, problem: `leaf ${list[n]} says nothing of the erasure in leaf ${act.index}` };
        }
      }
    }
  }
}

/** Indexes in `sorted` of the leaves that an act is about; it can only be about leaves before its own. */
function* within({ index, leaf }: Act, sorted: readonly number[]): Generator<number> {
  for (const [from, to] of leaf.ranges) {
    const end = Math.min(to, index);
    for (let n = firstFrom(sorted, from); n < sorted.length && sorted[n]! < end; n++) yield n;
  }
}

function firstFrom(sorted: readonly number[], least: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! >= least) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Each missing field needs an act that removed it, and erased_at is the time of the last act. */
function* answerFor({
  line,
  index,
  erasedAt,
  erased,
  redacted,
  size,
  acts,
}: ShownEntry & {
  acts: Act[];
}): Generator<Finding> {
  for (const [mode, fields] of [['erase', erased] as const, ['redact', redacted] as const]) {
    for (const field of fields) {
      if (acts.some(({ leaf }) => leaf.mode === mode && leaf.fields.includes(field))) continue;
      yield { line, problem: `leaf ${index} has no salt of ${field}, and no erasure covers it` };
    }
  }
  const sure = acts.filter((act) => act.index < size).at(-1);
  const times = [sure, ...acts.filter((act) => act.index >= size)].flatMap((act) => act?.leaf.at ?? []);
  if (!times.includes(erasedAt as string)) {
    yield { line, problem: `erased_at is ${JSON.stringify(erasedAt)}, which is not when an erasure last covered it` };
  }
}
