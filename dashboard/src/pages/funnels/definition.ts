import { computed } from '@preact/signals';
import { parseJson } from '../../api/json.js';
import type { Schema } from '../../api/types.js';
import { type Changes, param, setParams } from '../../app/router.js';

export type Step = Schema<'FunnelStepDto'>;

export interface Definition {
  steps: Step[];
  window_s: number;
  group_by?: string;
}

export const DEFAULT_WINDOW_S = 7 * 86_400;

/** The funnel in the address. */
export const definition = computed<Definition>(() => {
  const group = param('group_by');
  const seconds = Number(param('window_s'));
  return {
    steps: readSteps(param('steps')),
    window_s: seconds > 0 ? seconds : DEFAULT_WINDOW_S,
    ...(group === null ? {} : { group_by: group }),
  };
});

function readSteps(text: string | null): Step[] {
  try {
    const steps = parseJson(text ?? '[]');
    return Array.isArray(steps) && steps.every(isStep) ? steps : [];
  } catch {
    return [];
  }
}

function isStep(step: unknown): step is Step {
  if (typeof step !== 'object' || step === null) return false;
  const { event_type, filters = {} } = step as Record<string, unknown>;
  return typeof event_type === 'string' && typeof filters === 'object' && filters !== null;
}

export function show(
  { steps, window_s, group_by }: { steps: Step[]; window_s: number; group_by?: string | null },
  id?: string,
  others: Changes = {},
): void {
  setParams({
    ...others,
    steps: JSON.stringify(steps),
    window_s: window_s === DEFAULT_WINDOW_S ? null : window_s,
    group_by: group_by ?? null,
    funnel: id ?? null,
  });
}
