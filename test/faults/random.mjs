/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  /** @param {number} seed @param {string} stream draws of one stream do not shift those of another */
  constructor(seed, stream) {
    this.state = seed >>> 0;
    for (const character of stream) this.state = Math.imul(this.state ^ character.charCodeAt(0), 0x01000193) >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  between(from, to) {
    return from + this.next() * (to - from);
  }

  /** A whole number, both ends included. */
  integer(from, to) {
    return Math.floor(this.between(from, to + 1));
  }

  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }
}
