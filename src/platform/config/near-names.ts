/** A shorter name is one letter away from too many others. */
const SHORTEST = 7;
/** From this length on, two slips are still clearly the same name. */
const LONG = 10;
/** So many words of a name are enough to know it by, without those that follow. */
const TELLING_WORDS = 3;

/** The one of `known` that `name` was probably meant to be; undefined when it is none of them, or resembles none. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const [nearest] = ranked;
  return nearest === undefined || nearest.distance === Infinity ? undefined : nearest.candidate;
}

/** How many slips lie between them; Infinity when they are too many for the same name. */
function distanceOf(name: string, candidate: string): number {
  const [a, b] = [letters(name), letters(candidate)];
  if (a === b) return 0;
  const slips = editDistance(a, b);
  if (Math.min(a.length, b.length) >= SHORTEST && slips <= (a.length >= LONG ? 2 : 1)) return slips;
  const isBeginning = candidate.startsWith(`${name}_`) && name.split('_').length >= TELLING_WORDS;
  return isBeginning ? slips : Infinity;
}

const letters = (name: string) => name.toUpperCase().replace(/[_-]/g, '');

/** Letters to put in, take out, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
