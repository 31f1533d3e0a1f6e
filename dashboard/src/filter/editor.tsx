import { useSignal } from '@preact/signals';
import { Fragment } from 'preact';
import { api, ApiError } from '../api/client.js';
import { useAction } from '../ui/confirm.js';
import { Dialog } from '../ui/dialog.js';
import { Failure } from '../ui/loaded.js';
import { iso } from '../ui/time.js';
import '../styles/editor.css';
import { bodyOf } from './asked.js';
import { ConditionFields } from './condition-fields.js';
import { type Draft, EMPTY_DRAFT, fitted, toDrafts, toFilter } from './drafts.js';
import { conditionsOf, faultsIn, type Filter, isFilter, type Narrowing } from './filter.js';
import { MOST_TEXT, printFilter } from './filter-text.js';
import { useSeen } from './seen.js';
import { sentence } from './words.js';

export interface EditorProps {
  title: string;
  /** The chip that is edited; absent for a new one. */
  part: Filter | undefined;
  /** The whole that a chip is part of. */
  whole: (part: Filter) => Narrowing;
  onApply: (next: Narrowing) => void;
  onRemove: () => void;
  onClose: () => void;
}

/** One chip: alternatives, each of conditions that must all be true. */
export default function Editor(props: EditorProps) {
  const { part } = props;
  const drafts = part === undefined ? [[EMPTY_DRAFT]] : isFilter(part) ? toDrafts(part) : null;
  return (
    <Dialog title={props.title} onClose={props.onClose} wide>
      {drafts === null ? <Deep {...props} /> : <Form {...props} drafts={drafts} />}
    </Dialog>
  );
}

/** What this form cannot show is never changed by it. */
function Deep({ part, onRemove, onClose }: EditorProps) {
  return (
    <>
      <p class="break">{part !== undefined && sentence(part)}</p>
      <p class="muted">These groups are inside of each other, deeper than this form goes. Keep them, or remove them.</p>
      <div class="row">
        <button type="button" class="button primary" onClick={onClose}>
          Keep
        </button>
        <button type="button" class="button" onClick={onRemove}>
          Remove
        </button>
      </div>
    </>
  );
}

function Form({ part, whole, onApply, onRemove, onClose, drafts }: EditorProps & { drafts: Draft[][] }) {
  const seen = useSeen();
  const alternatives = useSignal(drafts.map((all) => all.map((draft) => fitted(draft))));
  const checked = useSignal<Filter | null>(null);
  const action = useAction(async () => {
    const filter = toFilter(alternatives.value);
    const next = whole(filter);
    checked.value = filter;
    await check(next);
    onApply(next);
  });
  const faults = faultsIn(action.error, [
    ['filters', checked.value === null ? undefined : whole(checked.value).filter],
  ]);
  const own = checked.value === null ? [] : conditionsOf(checked.value);
  const faultAt = (n: number) => (own[n] === undefined ? undefined : faults.get(own[n]));
  const set = (next: Draft[][]) => (alternatives.value = next.filter((all) => all.length > 0));
  const count = alternatives.value.flat().length;
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        action.run();
      }}
    >
      {alternatives.value.map((all, a) => (
        <Alternative
          key={a}
          all={all}
          first={alternatives.value.slice(0, a).flat().length}
          isOnly={count === 1}
          seen={seen}
          faultAt={faultAt}
          onChange={(next) => set(alternatives.value.map((other, b) => (b === a ? next : other)))}
        />
      ))}
      <div class="row">
        <button type="button" class="button" onClick={() => set([...alternatives.value, [EMPTY_DRAFT]])}>
          + or
        </button>
      </div>
      {action.error !== null && own.every((_, n) => faultAt(n) === undefined) && <Failure error={action.error} />}
      <div class="row">
        <button type="submit" class="button primary" disabled={action.isBusy}>
          Apply
        </button>
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        {part !== undefined && (
          <button type="button" class="button end" onClick={onRemove}>
            Remove
          </button>
        )}
      </div>
    </form>
  );
}

interface AlternativeProps {
  all: Draft[];
  /** Conditions before it. */
  first: number;
  isOnly: boolean;
  seen: ReturnType<typeof useSeen>;
  faultAt: (n: number) => string | undefined;
  onChange: (all: Draft[]) => void;
}

function Alternative({ all, first, isOnly, seen, faultAt, onChange }: AlternativeProps) {
  return (
    <>
      {first > 0 && <p class="muted glue">or</p>}
      <div class="stack alternative">
        {all.map((draft, n) => (
          <Fragment key={n}>
            {n > 0 && <p class="muted glue">and</p>}
            <ConditionFields
              label={`Condition ${first + n + 1}`}
              draft={draft}
              seen={seen}
              fault={faultAt(first + n)}
              onChange={(next) => onChange(all.map((other, m) => (m === n ? next : other)))}
              onRemove={isOnly ? undefined : () => onChange(all.filter((_, m) => m !== n))}
            />
          </Fragment>
        ))}
        <div class="row">
          <button type="button" class="quiet" onClick={() => onChange([...all, EMPTY_DRAFT])}>
            + and
          </button>
        </div>
      </div>
    </>
  );
}

/** @throws ApiError with what is wrong, in the API's words: asked of a range that costs nothing */
async function check(next: Narrowing): Promise<void> {
  const length = next.filter === undefined ? 0 : printFilter(next.filter).length;
  if (length > MOST_TEXT) {
    throw new ApiError(
      400,
      `The filter is too long for an address: ${length} characters, at most ${MOST_TEXT}. Save a part of it as a segment.`,
    );
  }
  const now = Date.now();
  const range = { from: iso(now - 1_000), to: iso(now) };
  await api.post('/analytics/query', { body: { measure: 'events', ...range, ...bodyOf(next), tz: 'UTC' } });
}
