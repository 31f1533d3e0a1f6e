/** @param {number[]} values */
export const median = (values) => quantile(values, 0.5);

/** Linear between the two nearest values. @param {ArrayLike<number>} values @param {number} q from 0 to 1 */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return NaN;
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  return below + (position % 1) * (sorted[Math.ceil(position)] - below);
}

/** @param {number} value */
export const round = (value, digits = 0) => Math.round(value * 10 ** digits) / 10 ** digits;
