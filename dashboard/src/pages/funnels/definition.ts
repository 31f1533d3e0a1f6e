import { computed } from '@preact/signals';
import { isScalar, parseJson } from '../../api/json.js';
import type { Schema } from '../../api/types.js';
import { param, setParams } from '../../app/router.js';

type Step = Schema<'FunnelStepDto'>;

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
    return Array.isArray(steps) ? steps.filter(isStep) : [];
  } catch {
    return [];
  }
}

function isStep(step: unknown): step is Step {
  return typeof step === 'object' && step !== null && 'event_type' in step && typeof step.event_type === 'string';
}

export function show(
  { steps, window_s, group_by }: { steps: Step[]; window_s: number; group_by?: string | null },
  id?: string,
): void {
  setParams({
    steps: JSON.stringify(steps),
    window_s: window_s === DEFAULT_WINDOW_S ? null : window_s,
    group_by: group_by ?? null,
    funnel: id ?? null,
  });
}

/** `country = DE, paid = true` → an object; values as JSON where they are, else as text. */
export function parseWhere(text: string): Step['where'] {
  const pairs = text.split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 1 ? [] : [[pair.slice(0, at).trim(), readValue(pair.slice(at + 1).trim())] as const];
  });
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

export function printWhere(where: Step['where']): string {
  return Object.entries(where ?? {})
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? printText(value) : JSON.stringify(value)}`)
    .join(', ');
}

/** Text that would be read as another value keeps its quotes. */
const printText = (text: string) => (readValue(text) === text && !text.includes(',') ? text : JSON.stringify(text));

function readValue(text: string): string | number | boolean | null {
  try {
    const value = parseJson(text);
    return isScalar(value) ? (value as string | number | boolean | null) : text;
  } catch {
    return text;
  }
}
