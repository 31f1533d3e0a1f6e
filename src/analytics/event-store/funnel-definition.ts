import { bothOf, type Filter, filterOfWhere } from '../filters/filter.js';
import type { Estimate, Sampled } from '../sampling/sample.js';
import type { Scalar } from '../properties/event-property.js';

export interface FunnelStep {
  event_type: string;
  where?: Record<string, Scalar>;
  filters?: Filter;
}

export interface FunnelDefinition {
  steps: FunnelStep[];
  window_s: number;
  group_by?: string;
}

export interface ReachedStep extends Estimate {
  label: string | null;
  /** 1 for the first step. */
  k: number;
  users: number;
  median_s: number | null;
}

export interface FunnelCounts extends Sampled {
  steps: ReachedStep[];
  /** The same for each value of `group_by`, where it is given. */
  groups?: ReachedStep[];
}

/** What must be true of an event of the step, besides its type. */
export const conditionOf = ({ where, filters }: FunnelStep): Filter | undefined =>
  bothOf(filterOfWhere(where), filters);

export const typesOf = (steps: readonly FunnelStep[]): string[] => [
  ...new Set(steps.map(({ event_type }) => event_type)),
];
