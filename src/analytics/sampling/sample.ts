/** Powers of two: counts times their denominator are whole, and a smaller sample is part of a larger one. */
const RATES = ['1/2', '1/4', '1/8', '1/16', '1/32', '1/64', '1/128', '1/256', '1/512', '1/1024'] as const;

/** What a question may ask for. */
export const SAMPLINGS = ['auto', 'never', ...RATES] as const;
export type Sampling = (typeof SAMPLINGS)[number];

/** What is sampled: a unit is in a sample with all of its events, or with none. */
export type SampledUnit = 'user' | 'session';

export interface Sample {
  unit: SampledUnit;
  /** One unit of so many. */
  oneIn: number;
}

/** How an answer came about that is not exact. */
export interface SampleDescription {
  method: SampledUnit;
  rate: number;
  reason: 'asked' | 'time_limit';
}

export interface Sampled {
  /** Only where the answer is an estimate from a sample. */
  sample?: SampleDescription;
}

export interface Estimate {
  /** Only with a sample: null where too few units were found to say. */
  standard_error?: number | null;
}

/** How much is spent on an answer. */
export interface Effort {
  /** All events without it. */
  sample?: Sample;
  /** Then the statement is stopped. The limit of the pool without it. */
  withinMs?: number;
}

/** Of one number: how many units of the sample add to it, and the sum of the squares of what each adds. */
export interface UnitSums {
  units: number;
  squares: number;
}

/** With fewer units an estimate is far from normally distributed, and a standard error would say little. */
const FEWEST_UNITS = 30;

/** The denominator of the rate that a question asks for. */
export const oneInOf = (sampling: Sampling): number | null =>
  sampling === 'auto' || sampling === 'never' ? null : Number(sampling.slice(2));

/** That of the largest sample which has at most `wanted` of `events` events, were all units alike. */
export function oneInFor(events: number, wanted: number): number {
  const all = RATES.map((rate) => Number(rate.slice(2)));
  return all.find((oneIn) => events / oneIn <= wanted) ?? all.at(-1)!;
}

/**
 * Of a sum that was multiplied by `oneIn`. Whether a unit is in the sample depends on the hash of its own id alone:
 * Bernoulli sampling of clusters. The variance of that estimate (Horvitz-Thompson) is estimated by
 * (1 - p) / p² · Σ y² over the sampled units; Särndal, Swensson, Wretman: Model Assisted Survey Sampling, 1992, 3.2.
 */
export function standardError({ units, squares }: UnitSums, oneIn: number): number | null {
  return units < FEWEST_UNITS ? null : Math.sqrt((1 - 1 / oneIn) * squares) * oneIn;
}

/** {@link standardError} of a number of users or sessions, of which `units` were found. */
export const errorOfUnits = (units: number, oneIn: number): number | null =>
  standardError({ units, squares: units }, oneIn);

/** Numbers of users as they are, or scaled up from a sample. */
export function scaleUsers<Row extends { users: number }>(
  rows: readonly Row[],
  { sample }: Effort,
): (Row & Estimate)[] {
  if (sample === undefined) return [...rows];
  const { oneIn } = sample;
  return rows.map((row) => ({ ...row, users: row.users * oneIn, standard_error: errorOfUnits(row.users, oneIn) }));
}
