import { useId } from 'preact/hooks';
import { printValue } from '../api/json.js';
import {
  type Draft,
  type DraftValue,
  EMPTY_VALUE,
  fitted,
  isList,
  type Kind,
  KINDS,
  kindsOf,
  NUMBER,
} from './drafts.js';
import { OPERATORS, type Operator } from './filter.js';
import { kindOf, namesOf, type Seen } from './seen.js';
import { TIMES } from './words.js';

interface ConditionProps {
  label: string;
  draft: Draft;
  seen: Seen;
  fault: string | undefined;
  onChange: (draft: Draft) => void;
  /** Absent for the only one. */
  onRemove: (() => void) | undefined;
}

/** Property, operator and values of one condition. */
export function ConditionFields({ label, draft, seen, fault, onChange, onRemove }: ConditionProps) {
  const id = useId();
  const change = (part: Partial<Draft>) => {
    const property = part.property ?? draft.property;
    onChange(fitted({ ...draft, ...part }, kindOf(seen.get(property) ?? seen.get(`payload.${property}`))));
  };
  return (
    <div
      class="condition"
      role="group"
      aria-label={label}
      aria-describedby={fault === undefined ? undefined : `${id}-fault`}
    >
      <label class="field property-name">
        Property
        <input
          list={`${id}-names`}
          autocomplete="off"
          maxLength={255}
          required
          value={draft.property}
          onInput={({ currentTarget: { value } }) => change({ property: value })}
        />
      </label>
      <datalist id={`${id}-names`}>
        {namesOf(seen).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label class="field">
        Operator
        <select value={draft.op} onChange={({ currentTarget: { value } }) => change({ op: value as Operator })}>
          {Object.entries(OPERATORS).map(([op, words]) => (
            <option key={op} value={op}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <Values draft={draft} seen={seen} onChange={(values) => onChange({ ...draft, values })} />
      {onRemove !== undefined && (
        <button type="button" class="icon" aria-label={`Remove ${label.toLowerCase()}`} onClick={onRemove}>
          ×
        </button>
      )}
      {fault !== undefined && (
        <p id={`${id}-fault`} class="bad condition-fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

interface ValuesProps {
  draft: Draft;
  seen: Seen;
  onChange: (values: DraftValue[]) => void;
}

function Values({ draft, seen, onChange }: ValuesProps) {
  const id = useId();
  const { values, property } = draft;
  const known = (seen.get(property) ?? seen.get(`payload.${property}`) ?? []).filter((value) => value !== null);
  const change = (n: number, value: DraftValue) => onChange(values.map((other, m) => (m === n ? value : other)));
  return (
    <>
      <div class="condition-values">
        {values.map((value, n) => (
          <ValueFields
            key={n}
            name={draft.op === 'between' ? ['From', 'To'][n]! : values.length > 1 ? `Value ${n + 1}` : 'Value'}
            value={value}
            kinds={kindsOf(draft)}
            list={`${id}-values`}
            hint={TIMES.includes(property) ? '2026-11-20, or 2026-11-20T09:30Z' : undefined}
            onChange={(next) => change(n, next)}
            onRemove={
              isList(draft.op) && values.length > 1 ? () => onChange(values.filter((_, m) => m !== n)) : undefined
            }
          />
        ))}
        {isList(draft.op) && (
          <button
            type="button"
            class="quiet"
            disabled={values.length >= 100}
            onClick={() => onChange([...values, { ...EMPTY_VALUE, kind: values.at(-1)?.kind ?? 'text' }])}
          >
            + Value
          </button>
        )}
      </div>
      <datalist id={`${id}-values`}>
        {known.map((value) => (
          <option key={printValue(value)} value={printValue(value)} />
        ))}
      </datalist>
    </>
  );
}

interface ValueProps {
  name: string;
  value: DraftValue;
  kinds: Kind[];
  list: string;
  hint: string | undefined;
  onChange: (value: DraftValue) => void;
  onRemove: (() => void) | undefined;
}

/** A value and what JSON type it has: 1 is not "1". */
function ValueFields({ name, value, kinds, list, hint, onChange, onRemove }: ValueProps) {
  const { kind, text } = value;
  const setKind = (next: Kind) =>
    onChange({ kind: next, text: next === 'boolean' && text !== 'false' ? 'true' : text });
  return (
    <div class="row nowrap-row">
      {kind === 'text' || kind === 'number' ? (
        <label class="field grow">
          {name}
          <input
            list={list}
            autocomplete="off"
            inputMode={kind === 'number' ? 'decimal' : undefined}
            pattern={kind === 'number' ? NUMBER : undefined}
            title={kind === 'number' ? 'A number like 12 or 0.5' : undefined}
            placeholder={hint}
            required={kind === 'number'}
            value={text}
            onInput={({ currentTarget }) => onChange({ kind, text: currentTarget.value })}
          />
        </label>
      ) : kind === 'boolean' ? (
        <label class="field grow">
          {name}
          <select value={text} onChange={({ currentTarget }) => onChange({ kind, text: currentTarget.value })}>
            <option value="true">yes</option>
            <option value="false">no</option>
          </select>
        </label>
      ) : null}
      {kinds.length > 1 && (
        <label class="field">
          Kind
          <select
            aria-label={name === 'Value' ? 'Kind of value' : `Kind of ${name.toLowerCase()}`}
            value={kind}
            onChange={({ currentTarget }) => setKind(currentTarget.value as Kind)}
          >
            {kinds.map((one) => (
              <option key={one} value={one}>
                {KINDS[one]}
              </option>
            ))}
          </select>
        </label>
      )}
      {onRemove !== undefined && (
        <button type="button" class="icon" aria-label={`Remove ${name.toLowerCase()}`} onClick={onRemove}>
          ×
        </button>
      )}
    </div>
  );
}
