import type { Schema } from '../api/types.js';
import { asked } from './asked.js';
import { allOf, type Condition, type Filter, type Narrowing } from './filter.js';
import { useSegments } from './segments.js';

type Step = Schema<'FunnelStepDto'>;
type Segment = Schema<'SavedSegmentResponse'>;

/** What a step asks for beside its type; `where` is an older way to say `is`. */
export function narrowingOf({ where, filters, segment }: Step): Narrowing {
  const conditions = Object.entries(where ?? {}).map(([property, value]): Condition => ({ property, op: 'is', value }));
  return { filter: allOf(...conditions, filters as Filter | undefined), segment };
}

/** The step of this type with all that. */
export const toStep = (event_type: string, { filter, segment }: Narrowing): Step => ({
  event_type,
  ...(filter === undefined ? {} : { filters: filter }),
  ...(segment === undefined ? {} : { segment }),
});

const isNamed = ({ id, name }: Segment, segment: string | undefined) =>
  segment === id || segment?.toLowerCase() === name.toLowerCase();

/**
 * A funnel has filters and segments on its steps alone, so what the page is narrowed to goes to each of them. A step
 * names one segment: where it has another one itself, the page's comes as its filter, once it is known.
 */
export function useNarrowedSteps(steps: readonly Step[]): { steps: Step[]; isReady: boolean } {
  const { data } = useSegments();
  const whole = asked.value;
  const named = data?.data.find((segment) => isNamed(segment, whole.segment));
  let isReady = true;
  const narrowed = steps.map((step) => {
    const own = narrowingOf(step);
    const isOther = whole.segment !== undefined && own.segment !== undefined && own.segment !== whole.segment;
    if (!isOther || (named !== undefined && isNamed(named, own.segment))) {
      const filter = allOf(whole.filter, own.filter);
      return toStep(step.event_type, { filter, segment: own.segment ?? whole.segment });
    }
    // One that is not there is sent, so that the API says so.
    if (named === undefined) {
      isReady = data !== undefined;
      return toStep(step.event_type, { filter: own.filter, segment: whole.segment });
    }
    const filter = allOf(named.filters as Filter, whole.filter, own.filter);
    return toStep(step.event_type, { filter, segment: own.segment });
  });
  return { steps: narrowed, isReady };
}
