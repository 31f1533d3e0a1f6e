import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, api } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import { asQuery, period } from '../../app/range.js';
import { may } from '../../app/session.js';
import { textOf } from '../../ui/form.js';
import { Failure, Panel } from '../../ui/loaded.js';
import { type Definition, definition, parseWhere, printWhere, show } from './definition.js';

interface Draft {
  event_type: string;
  where: string;
}

const WINDOWS = { 3_600: '1 hour', 86_400: '1 day', 604_800: '7 days', 2_592_000: '30 days' };
const EMPTY: Draft = { event_type: '', where: '' };
const MOST_STEPS = 10;

export function Builder() {
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
      <form class="stack" onSubmit={submit}>
        <TypeNames />
        {drafts.value.map((draft, n) => (
          <StepFields
            key={n}
            n={n}
            draft={draft}
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
            <select name="window_s" value={current.window_s}>
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
            <input name="group_by" value={current.group_by ?? ''} maxLength={255} />
          </label>
        </div>
        <div class="row">
          <button type="submit" class="button primary">
            Show
          </button>
        </div>
      </form>
      {current.steps.length > 0 && may('write') && <Save funnel={current} />}
    </Panel>
  );
}

interface StepProps {
  n: number;
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
  onRemove: () => void;
}

function StepFields({ n, draft, onChange, onRemove }: StepProps) {
  return (
    <div class="row" role="group" aria-label={`Step ${n + 1}`}>
      <input
        aria-label={`Event type of step ${n + 1}`}
        placeholder="event type"
        list="funnel-types"
        maxLength={255}
        required
        value={draft.event_type}
        onInput={(event) => onChange({ event_type: event.currentTarget.value })}
      />
      <input
        aria-label={`Conditions of step ${n + 1}`}
        placeholder="country = DE, …"
        value={draft.where}
        onInput={(event) => onChange({ where: event.currentTarget.value })}
      />
      <button type="button" class="icon" aria-label={`Remove step ${n + 1}`} onClick={onRemove}>
        ×
      </button>
    </div>
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

function Save({ funnel }: { funnel: Definition }) {
  const error = useSignal<ApiError | null>(null);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = textOf(form, 'name');
    error.value = null;
    try {
      const { id } = await api.post('/analytics/funnels', { body: { ...funnel, name } });
      form.reset();
      await refresh('/analytics/funnels');
      show(funnel, id);
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
  return steps.map(({ event_type, where }) => ({ event_type, where: printWhere(where) }));
}

function toSteps(drafts: readonly Draft[]): Definition['steps'] {
  return drafts
    .filter(({ event_type }) => event_type.trim() !== '')
    .map(({ event_type, where }) => {
      const conditions = parseWhere(where);
      return { event_type: event_type.trim(), ...(conditions === undefined ? {} : { where: conditions }) };
    });
}
