import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ApiError } from '../api/client.js';
import { setParams } from '../app/router.js';
import { lazy } from '../ui/lazy.js';
import { ask, asked } from './asked.js';
import type { EditorProps } from './editor.js';
import { allOf, conditionsOf, type Faults, faultsIn, type Filter, type Narrowing, partsOf } from './filter.js';
import { SegmentMenu } from './segment-menu.js';
import { useSegmentName } from './segments.js';
import { propertyWord, sentence } from './words.js';

const Editor = lazy<EditorProps>(() => import('./editor.js'));

interface BarProps extends Narrowing {
  /** Of a step, where the page has several bars. */
  of?: string;
  onChange: (next: Narrowing) => void;
  faults: Faults;
  segmentFault?: string | undefined;
  /** Properties that no event has, as the answer says. */
  unseen?: readonly string[] | undefined;
  /** Whether what is chosen here may be saved as a segment. */
  canSave?: boolean;
}

/** What is asked for, one chip for each part that must be true; a click edits it. */
export function FilterBar(props: BarProps) {
  const { filter, segment, of, onChange, faults, segmentFault, unseen = [], canSave = false } = props;
  const parts = partsOf(filter);
  const edited = useSignal<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const segmentName = useSegmentName(segment);
  const suffix = of === undefined ? '' : ` of ${of}`;
  const replace = (n: number, part: Filter | undefined): Narrowing => ({
    filter: allOf(...parts.slice(0, n), part, ...parts.slice(n + 1)),
    segment,
  });
  useFocusKept(box, `${parts.length} ${segment}`);
  const change = (next: Narrowing) => {
    edited.value = null;
    onChange(next);
  };
  return (
    <div
      class="filters"
      data-any={filter === undefined && segment === undefined ? undefined : ''}
      ref={box}
      role="group"
      aria-label={`Filter${suffix}`}
    >
      {segment !== undefined && (
        <Chip
          words={`segment: ${segmentName}`}
          fault={segmentFault}
          onRemove={() => change({ filter, segment: undefined })}
        />
      )}
      {parts.map((part, n) => (
        <Chip
          key={n}
          words={sentence(part)}
          fault={faultOf(part, faults) ?? unseenIn(part, unseen)}
          onEdit={() => (edited.value = n)}
          onRemove={() => change(replace(n, undefined))}
        />
      ))}
      <button
        type="button"
        class="button add-filter"
        aria-label={`+ Filter${suffix}`}
        onClick={() => (edited.value = parts.length)}
      >
        + Filter
      </button>
      <SegmentMenu narrowing={{ filter, segment }} suffix={suffix} onChange={change} canSave={canSave} />
      {edited.value !== null && (
        <Editor
          title={`Filter${suffix}`}
          part={parts[edited.value]}
          whole={(part) => replace(edited.value ?? parts.length, part)}
          onApply={change}
          onRemove={() => change(replace(edited.value ?? parts.length, undefined))}
          onClose={() => (edited.value = null)}
        />
      )}
    </div>
  );
}

interface ChipProps {
  words: string;
  fault: string | undefined;
  onEdit?: () => void;
  onRemove: () => void;
}

function Chip({ words, fault, onEdit, onRemove }: ChipProps) {
  const text = <bdi class="ellipsis">{words}</bdi>;
  return (
    <span class={`chip pair ${fault === undefined ? '' : 'faulty'}`} title={words}>
      {onEdit === undefined ? (
        text
      ) : (
        <button type="button" class="link" aria-label={`Edit filter ${words}`} onClick={onEdit}>
          {text}
        </button>
      )}
      <button type="button" class="link" aria-label={`Remove filter ${words}`} onClick={onRemove}>
        ×
      </button>
      {fault !== undefined && <span class="chip-fault">{fault}</span>}
    </span>
  );
}

function faultOf(part: Filter, faults: Faults): string | undefined {
  const said = conditionsOf(part).flatMap((condition) => faults.get(condition) ?? []);
  return said.length === 0 ? undefined : said.join('. ');
}

function unseenIn(part: Filter, unseen: readonly string[]): string | undefined {
  const names = conditionsOf(part).flatMap(({ property }) =>
    unseen.includes(property) ? [propertyWord(property)] : [],
  );
  return names.length === 0 ? undefined : `no event here has ${[...new Set(names)].join(', ')}`;
}

/** Where a chip had the focus and is gone, the button beside the chips has it. */
function useFocusKept(box: { current: HTMLDivElement | null }, what: string): void {
  const before = useRef(what);
  useEffect(() => {
    if (before.current === what) return;
    before.current = what;
    if (document.activeElement === document.body) box.current?.querySelector<HTMLElement>('.add-filter')?.focus();
  }, [what]);
}

interface PageFilterProps {
  /** Of the page's main question, which carries the filter as `sent` under `filters`. */
  error: ApiError | null;
  sent: Filter | undefined;
  unseen: readonly string[] | undefined;
}

/** The filter of the address, on a page whose main answer says what is wrong with it. */
export function PageFilter({ error, sent, unseen }: PageFilterProps) {
  const segmentFault = error?.errors.find(({ path }) => path === 'segment')?.message;
  return (
    <FilterBar
      {...asked.value}
      onChange={ask}
      faults={faultsIn(error, [['filters', sent]])}
      segmentFault={segmentFault}
      unseen={unseen}
      canSave
    />
  );
}

/** Instead of numbers that a filter should narrow, where it cannot be read. */
export function UnreadableFilter() {
  return (
    <div class="failure" role="alert">
      <p class="break">{asked.value.fault}</p>
      <button type="button" class="button" onClick={() => setParams({ filter: null })}>
        Remove the filter
      </button>
    </div>
  );
}
