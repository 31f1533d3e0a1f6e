/** Sorted numbers → [from, to) ranges. */
export function toRanges(sorted: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const index of sorted) {
    const last = ranges.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else ranges.push([index, index + 1]);
  }
  return ranges;
}

/** Leaf indexes collected one by one, mostly in their order: neighbours cost nothing. */
export class LeafIndexes {
  private readonly collected: [number, number][] = [];

  add(index: number): void {
    const last = this.collected.at(-1);
    if (last?.[1] === index) last[1] = index + 1;
    else this.collected.push([index, index + 1]);
  }

  /** Sorted [from, to) ranges that do not touch each other. */
  get ranges(): [number, number][] {
    return merge(this.collected);
  }
}

/** Leaf indexes that acts cover, for many look-ups: ranges are kept sorted and merged. */
export class Coverage {
  private ranges: [number, number][] = [];
  private sorted = true;

  add(ranges: readonly (readonly [number, number])[]): void {
    for (const [from, to] of ranges) this.ranges.push([from, to]);
    this.sorted = false;
  }

  /** Whether every leaf from `from` up to, not including, `to` is covered. */
  has(from: number, to: number): boolean {
    this.merge();
    let [low, high] = [0, this.ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ranges[middle]![1] > from) high = middle;
      else low = middle + 1;
    }
    const range = this.ranges[low];
    return range !== undefined && range[0] <= from && range[1] >= to;
  }

  /** How many of the leaves from `from` up to, not including, `to` are covered. */
  count(from: number, to: number): number {
    this.merge();
    return this.ranges.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, to) - Math.max(start, from)), 0);
  }

  private merge(): void {
    if (this.sorted) return;
    this.ranges = merge(this.ranges);
    this.sorted = true;
  }
}

function merge(ranges: readonly [number, number][]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && last[1] >= from) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
