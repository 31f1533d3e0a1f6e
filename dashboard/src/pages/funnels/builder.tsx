import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { ApiError, api } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import { asQuery, period } from '../../app/range.js';
import { may } from '../../app/session.js';
import type { Faults } from '../../filter/filter.js';
import { narrowingOf, toStep } from '../../filter/steps.js';
import { textOf } from '../../ui/form.js';
import { Failure, Panel } from '../../ui/loaded.js';
import { type Definition, definition, show, type Step } from './definition.js';
import { type Draft, StepFields } from './step-fields.js';

const WINDOWS = { 3_600: '1 hour', 86_400: '1 day', 604_800: '7 days', 2_592_000: '30 days' };
const EMPTY: Draft = { event_type: '', filter: undefined, segment: undefined };
const MOST_STEPS = 10;

interface BuilderProps {
  /** What the API says of the steps that were asked for. */
  faults: Faults;
  /** Those steps: of the funnel in the address, with what the page is narrowed to. */
  narrowed: Step[];
}

export function Builder({ faults, narrowed }: BuilderProps) {
  const id = useId();
  const current = definition.value;
  const drafts = useSignal<Draft[]>(toDrafts(current));
  useEffect(() => {
    drafts.value = toDrafts(current);
  }, [JSON.stringify(current.steps)]);
  const change = (n: number, part: Partial<Draft>) =>
    (drafts.value = drafts.value.map((draft, other) => (other === n ? { ...draft, ...part } : draft)));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const group = textOf(data, 'group_by');
    show({
      steps: toSteps(drafts.value),
      window_s: Number(data.get('window_s')),
      group_by: group === '' ? null : group,
    });
  };
  return (
    <Panel title="Build">
      <form id={id} onSubmit={submit} />
      {/* Its fields name it, and are not inside of it: what edits a filter is a form of its own. */}
      <div class="stack">
        <TypeNames />
        {drafts.value.map((draft, n) => (
          <StepFields
            key={n}
            n={n}
            draft={draft}
            form={id}
            faults={faults}
            onChange={(part) => change(n, part)}
            onRemove={() => (drafts.value = drafts.value.filter((_, other) => other !== n))}
          />
        ))}
        <div class="row">
          <button
            type="button"
            class="button"
            disabled={drafts.value.length >= MOST_STEPS}
            onClick={() => (drafts.value = [...drafts.value, EMPTY])}
          >
            Add a step
          </button>
        </div>
        <div class="row">
          <label class="field grow">
            Within
            <select name="window_s" form={id} value={current.window_s}>
              {Object.entries(WINDOWS).map(([seconds, label]) => (
                <option key={seconds} value={seconds}>
                  {label}
                </option>
              ))}
              {!(current.window_s in WINDOWS) && <option value={current.window_s}>{current.window_s} s</option>}
            </select>
          </label>
          <label class="field grow">
            Group by (client_id or a property)
            <input name="group_by" form={id} value={current.group_by ?? ''} maxLength={255} />
          </label>
        </div>
        <div class="row">
          <button type="submit" class="button primary" form={id}>
            Show
          </button>
        </div>
      </div>
      {current.steps.length > 0 && may('write') && <Save funnel={{ ...current, steps: narrowed }} />}
    </Panel>
  );
}

function TypeNames() {
  const { data } = useGet('/analytics/events-by-type', asQuery(period.value), { every: false });
  return (
    <datalist id="funnel-types">
      {(data?.data ?? []).map(({ event_type }) => (
        <option key={event_type} value={event_type} />
      ))}
    </datalist>
  );
}

/** As it is shown: what the page is narrowed to becomes part of its steps. */
function Save({ funnel }: { funnel: Definition }) {
  const error = useSignal<ApiError | null>(null);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = textOf(form, 'name');
    error.value = null;
    try {
      const saved = await api.post('/analytics/funnels', { body: { ...funnel, name } });
      form.reset();
      await refresh('/analytics/funnels');
      show(saved, saved.id, { filter: null, segment: null }); // with the ids of its segments
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      error.value = thrown;
    }
  };
  return (
    <form class="row gap" onSubmit={(event) => void save(event)}>
      <input name="name" aria-label="Name of the funnel" placeholder="Name" required maxLength={255} />
      <button type="submit" class="button">
        Save
      </button>
      {error.value !== null && <Failure error={error.value} />}
    </form>
  );
}

function toDrafts({ steps }: Definition): Draft[] {
  if (steps.length === 0) return [EMPTY, EMPTY];
  return steps.map((step) => ({ event_type: step.event_type, ...narrowingOf(step) }));
}

const toSteps = (drafts: readonly Draft[]): Step[] =>
  drafts.filter(({ event_type }) => event_type.trim() !== '').map((draft) => toStep(draft.event_type.trim(), draft));
