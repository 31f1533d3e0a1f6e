import { setImmediate } from 'node:timers/promises';
import { CHUNK_BYTES, type PackedTimelines, RECORD_BYTES } from './funnel-timelines.repository.js';

/** Records that are read in about a millisecond. */
const RECORDS_PER_TURN = 4_000;

/**
 * When one user had events of each of the asked types: those of type n are times[starts[n]] until before
 * times[ends[n]].
 */
export interface Timeline {
  /** Microseconds, in order within a type. */
  readonly times: Float64Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/**
 * Calls `visit` with the timeline of each user, one after the other; it is the same object for all of them. Users are
 * distinguished by 64 bits of hash: of a million, two share one in one of 37 million answers.
 *
 * @param types number of types asked for
 */
export async function eachUser(
  packed: AsyncIterable<PackedTimelines> | Iterable<PackedTimelines>,
  types: number,
  visit: (timeline: Timeline) => void,
): Promise<void> {
  const turns = new Turns();
  const users = new UserNumbers();
  const scratch = Buffer.allocUnsafe(CHUNK_BYTES);
  const bytes = new DataView(scratch.buffer, scratch.byteOffset, CHUNK_BYTES);
  const pieces: Piece[] = [];
  for await (const { type, gone, records } of packed) {
    const length = scratch.write(records, 'base64');
    const count = length / RECORD_BYTES;
    const piece = { lists: new Uint32Array(count), times: new Float64Array(count) };
    for (let n = 0, at = 0; n < count; n++, at += RECORD_BYTES) {
      const user = users.get(bytes.getUint32(at), bytes.getUint32(at + 4));
      piece.lists[n] = 2 * (user * types + type) + (gone ? 1 : 0);
      piece.times[n] = bytes.getInt32(at + 8) * 2 ** 32 + bytes.getUint32(at + 12);
    }
    pieces.push(piece);
    if (turns.isOver(count)) await setImmediate();
  }
  const { sorted, ends } = await sortByList(pieces, 2 * types * users.size, turns);
  const timeline = { times: sorted, starts: new Uint32Array(types), ends: new Uint32Array(types) };
  let [list, start] = [0, 0];
  while (list < ends.length) {
    const before = start;
    for (let type = 0; type < types; type++) {
      const end = ends[list++] ?? start;
      const endOfGone = ends[list++] ?? end;
      sortRange(sorted, start, end);
      timeline.starts[type] = start;
      timeline.ends[type] = endOfGone === end ? end : takeOff(sorted, start, end, endOfGone);
      start = endOfGone;
    }
    visit(timeline);
    if (turns.isOver(start - before)) await setImmediate();
  }
}

/** Events of one type as they came: for each the number of its list, and its time. */
interface Piece {
  lists: Uint32Array;
  times: Float64Array;
}

/** A counting sort. @param size how many lists @returns the times, list after list, and where each list ends */
async function sortByList(pieces: readonly Piece[], size: number, turns: Turns) {
  const ends = new Uint32Array(size);
  for (const { lists } of pieces) {
    for (const list of lists) ends[list] = (ends[list] ?? 0) + 1;
  }
  let sum = 0;
  for (let list = 0; list < size; list++) {
    sum += ends[list] ?? 0;
    ends[list] = sum - (ends[list] ?? 0);
  }
  const sorted = new Float64Array(sum);
  for (const { lists, times } of pieces) {
    for (let n = 0; n < lists.length; n++) {
      const list = lists[n] ?? 0;
      const place = ends[list] ?? 0;
      sorted[place] = times[n] ?? 0;
      ends[list] = place + 1;
    }
    if (turns.isOver(lists.length)) await setImmediate();
  }
  return { sorted, ends };
}

/** Tells when other requests should have their turn. */
class Turns {
  private records = 0;

  /** @param records read since the call before */
  isOver(records: number): boolean {
    this.records += records;
    if (this.records < RECORDS_PER_TURN) return false;
    this.records = 0;
    return true;
  }
}

/**
 * Numbers hashes from 0 in the order they come. A hash table with open addressing: a Map takes several times as long
 * for millions of look-ups.
 */
class UserNumbers {
  size = 0;
  private slots = new Uint32Array(1 << 12);
  private highs = new Uint32Array(1 << 11);
  private lows = new Uint32Array(1 << 11);

  get(high: number, low: number): number {
    const mask = this.slots.length - 1;
    let slot = low & mask;
    for (let found = this.slots[slot] ?? 0; found !== 0; found = this.slots[slot] ?? 0) {
      if (this.highs[found - 1] === high && this.lows[found - 1] === low) return found - 1;
      slot = (slot + 1) & mask;
    }
    if (this.size === this.highs.length) {
      this.grow();
      return this.get(high, low);
    }
    this.highs[this.size] = high;
    this.lows[this.size] = low;
    this.slots[slot] = ++this.size;
    return this.size - 1;
  }

  private grow(): void {
    const { highs, lows } = this;
    this.highs = new Uint32Array(2 * highs.length);
    this.lows = new Uint32Array(2 * lows.length);
    this.slots = new Uint32Array(2 * this.slots.length);
    this.size = 0;
    highs.forEach((high, number) => this.get(high, lows[number] ?? 0));
  }
}

/** The index gives them nearly in order. */
function sortRange(times: Float64Array, start: number, end: number): void {
  for (let n = start + 1; n < end; n++) {
    if ((times[n] ?? 0) < (times[n - 1] ?? 0)) {
      times.subarray(start, end).sort();
      return;
    }
  }
}

/**
 * Removes one of equal times for each that is gone; the gone ones follow from `end` on. @returns where the remaining
 * times end
 */
function takeOff(times: Float64Array, start: number, end: number, endOfGone: number): number {
  const left = new Map<number, number>();
  for (const time of times.subarray(end, endOfGone)) left.set(time, (left.get(time) ?? 0) + 1);
  let place = start;
  for (const time of times.subarray(start, end)) {
    const count = left.get(time) ?? 0;
    if (count > 0) left.set(time, count - 1);
    else times[place++] = time;
  }
  return place;
}
