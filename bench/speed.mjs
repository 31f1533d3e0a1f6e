import { median, round } from './statistics.mjs';

const TIMES = 15;

/** How fast the machine itself is: a virtual one may share its cores with others, and then every figure is another. */
export class Speed {
  /** @type {number[]} milliseconds for a fixed piece of work */
  times = [];

  /** Takes some 50 ms. */
  note() {
    this.times.push(median(Array.from({ length: TIMES }, timeWork)));
  }

  get range() {
    return { least_ms: round(Math.min(...this.times), 2), most_ms: round(Math.max(...this.times), 2) };
  }
}

function timeWork() {
  const start = performance.now();
  let sum = 0;
  for (let n = 0; n < 400_000; n++) sum += (n * n) % 7;
  return sum < 0 ? NaN : performance.now() - start; // a sum that nobody reads need not be made
}
