import { FilterBar } from '../../filter/bar.js';
import type { Faults, Narrowing } from '../../filter/filter.js';

/** A step as it is built. */
export interface Draft extends Narrowing {
  event_type: string;
}

interface StepProps {
  n: number;
  draft: Draft;
  form: string;
  faults: Faults;
  onChange: (part: Partial<Draft>) => void;
  onRemove: () => void;
}

export function StepFields({ n, draft, form, faults, onChange, onRemove }: StepProps) {
  return (
    <div class="step" role="group" aria-label={`Step ${n + 1}`}>
      <div class="row nowrap-row">
        <input
          class="grow"
          aria-label={`Event type of step ${n + 1}`}
          placeholder="event type"
          list="funnel-types"
          form={form}
          maxLength={255}
          required
          value={draft.event_type}
          onInput={(event) => onChange({ event_type: event.currentTarget.value })}
        />
        <button type="button" class="icon" aria-label={`Remove step ${n + 1}`} onClick={onRemove}>
          ×
        </button>
      </div>
      <FilterBar
        of={`step ${n + 1}`}
        filter={draft.filter}
        segment={draft.segment}
        onChange={onChange}
        faults={faults}
      />
    </div>
  );
}
