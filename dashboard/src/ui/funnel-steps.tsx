import type { Schema } from '../api/types.js';
import { duration, exact, figure, percent } from './format.js';

/** Steps as bars: users, share of the first step, and the median time since the step before. */
export function FunnelSteps({ steps }: { steps: readonly Schema<'FunnelStepResponse'>[] }) {
  return (
    <ol class="steps">
      {steps.map((step, n) => (
        <li key={n}>
          <span class="ellipsis" title={step.event_type}>
            {step.event_type}
          </span>
          <span class="track" aria-hidden="true">
            <span style={{ width: `${100 * step.conversion_from_first}%` }} />
          </span>
          <small title={exact(step.users)}>
            {figure(step.users)}
            {n > 0 && ` · ${percent(step.conversion_from_first)}`}
            {step.median_time_from_previous_s !== null && (
              <>
                <br />
                median {duration(step.median_time_from_previous_s * 1_000)}
              </>
            )}
          </small>
        </li>
      ))}
    </ol>
  );
}
