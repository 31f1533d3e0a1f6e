import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { textOf } from '../ui/form.js';
import { zone } from '../ui/format.js';
import { closePopover, Popover } from '../ui/popover.js';
import { isZone, iso, parseLocal, RANGES, type RangeName, toLocal } from '../ui/time.js';
import { isCompared, period } from './range.js';
import { param, setParams } from './router.js';

/** The head of a page: what it is, and what everything on it is narrowed to. */
export function Header({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <header class="page-head">
      <h1>{title}</h1>
      {children}
    </header>
  );
}

export function RangeChoice() {
  const { label } = period.value;
  const key = Object.values(RANGES).find((range) => range.label === label)?.key;
  return (
    <Popover
      label={
        <>
          <span class="hidden">Range: </span>
          {label} {key !== undefined && <kbd>{key}</kbd>}
        </>
      }
    >
      <ul class="menu">
        {(Object.entries(RANGES) as [RangeName, (typeof RANGES)[RangeName]][]).map(([name, range]) => (
          <li key={name}>
            <button
              type="button"
              aria-keyshortcuts={range.key}
              aria-pressed={range.label === label}
              onClick={(event) => {
                setParams({ range: name, from: null, to: null });
                closePopover(event.currentTarget);
              }}
            >
              {range.label} <kbd>{range.key}</kbd>
            </button>
          </li>
        ))}
      </ul>
      <OtherRange />
    </Popover>
  );
}

function OtherRange() {
  const wrong = useSignal(false);
  const { from, to } = period.value;
  const choose = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const [start, end] = ['from', 'to'].map((name) => parseLocal(textOf(form, name), zone()));
    wrong.value = !(start != null && end != null && start < end);
    if (wrong.value) return;
    setParams({ from: iso(start!), to: iso(end!), range: null });
    closePopover(form);
  };
  return (
    <form class="stack" onSubmit={choose}>
      <label class="field">
        From
        <input type="datetime-local" name="from" required value={toLocal(from, zone())} />
      </label>
      <label class="field">
        Up to
        <input type="datetime-local" name="to" required value={toLocal(to, zone())} />
      </label>
      {wrong.value && <p class="bad">The start must lie before the end.</p>}
      <button type="submit" class="button">
        Show this range
      </button>
    </form>
  );
}

export function CompareChoice() {
  const on = isCompared.value;
  return (
    <button type="button" class="button" aria-pressed={on} onClick={() => setParams({ compare: on ? 'off' : null })}>
      vs. period before
    </button>
  );
}

export function ZoneChoice() {
  const wrong = useSignal(false);
  const choose = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const value = textOf(form, 'zone');
    wrong.value = !isZone(value);
    if (wrong.value) return;
    setParams({ tz: value });
    closePopover(form);
  };
  return (
    <Popover name={`Time zone: ${zone()}`} label={zone()}>
      <form class="stack" onSubmit={choose}>
        <label class="field">
          Time zone
          <input name="zone" list="zones" value={zone()} required autocomplete="off" />
        </label>
        <datalist id="zones">
          {['UTC', ...Intl.supportedValuesOf('timeZone')].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {wrong.value && <p class="bad">Not a time zone. Take one like Europe/Berlin.</p>}
        <button type="submit" class="button">
          Use it
        </button>
      </form>
    </Popover>
  );
}

/** What the page is narrowed to, one chip for each; a click takes it away. */
export function FilterChips({ names }: { names: Record<string, string> }) {
  return (
    <>
      {Object.entries(names).map(([name, label]) => {
        const value = param(name);
        if (value === null) return null;
        return (
          <button
            key={name}
            type="button"
            class="chip"
            aria-label={`Remove filter ${label}: ${value}`}
            onClick={() => setParams({ [name]: null })}
          >
            <span class="ellipsis">
              {label}: {value}
            </span>{' '}
            ×
          </button>
        );
      })}
    </>
  );
}
