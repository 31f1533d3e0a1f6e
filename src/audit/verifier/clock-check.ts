import { Coverage } from '../transparency-log/leaf-ranges.js';
import { CLOCK_TOLERANCE_MS, RecordingClock } from '../transparency-log/recording-clock.js';

const MINUTES = CLOCK_TOLERANCE_MS / 60_000;

interface Finding {
  line: number;
  problem: string;
}

/** Compares the times of recording in a complete export with the notes of the sealer. */
export class ClockCheck {
  private readonly clock = new RecordingClock();
  private readonly backwards: { line: number; index: number; createdAt: string }[] = [];
  private readonly notes = new Coverage();
  /** Leaf indexes that the sealer noted. */
  readonly noted: number[] = [];

  /** In the order of the leaves. */
  addEntry(line: number, index: number, createdAt: unknown): void {
    const time = typeof createdAt === 'string' ? Date.parse(createdAt) : NaN;
    if (this.clock.runsBack(time)) this.backwards.push({ line, index, createdAt: String(createdAt) });
  }

  /** The time of what was pruned is not known. */
  addGap(): void {
    this.clock.until = null;
  }

  addNote(ranges: readonly (readonly [number, number])[]): void {
    this.notes.add(ranges);
    this.noted.push(...ranges.map(([from]) => from));
  }

  *findings(): Generator<Finding> {
    for (const { line, index, createdAt } of this.backwards) {
      if (this.notes.has(index, index + 1)) continue;
      const problem = `leaf ${index} was recorded at ${createdAt}, more than ${MINUTES} minutes before those in front of it, and the sealer did not note it`;
      yield { line, problem };
    }
  }
}
