import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { exact, figure, NONE, percent } from './format.js';
import { lazy } from './lazy.js';

export interface BarRow {
  name: string;
  count: number;
  /** Where a click on the name leads; absent for plain text. */
  href?: string;
  isChosen?: boolean;
}

export interface BarTableProps {
  rows: readonly BarRow[];
  /** What the percentages are of. */
  total: number;
  caption: string;
  unit: string;
  most?: number;
  /** How a count is written; the exact one is shown on hover. */
  print?: (count: number) => string;
}

/** A ranking: name, count and share, with a bar behind the name. */
export function BarTable({ rows, total, caption, unit, most = 7, print = figure }: BarTableProps) {
  const largest = Math.max(1, ...rows.map(({ count }) => count));
  const shown = rows.slice(0, most);
  return (
    <table class="bars">
      <caption class="hidden">{caption}</caption>
      <colgroup>
        <col />
        <col class="count" />
        <col class="share" />
      </colgroup>
      <thead class="hidden">
        <tr>
          <th scope="col">{caption}</th>
          <th scope="col">{unit}</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((row) => (
          <tr key={row.name}>
            <td class="bar">
              <span class="fill" style={{ width: `${(100 * row.count) / largest}%` }} />
              <Name row={row} />
            </td>
            <td class="number" title={exact(row.count)}>
              {print(row.count)}
            </td>
            <td class="number muted">{total === 0 ? NONE : percent(row.count / total)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Name({ row: { name, href, isChosen = false } }: { row: BarRow }) {
  const text = <bdi title={name}>{name === '' ? '(empty)' : name}</bdi>;
  if (href === undefined) return <span class="name">{text}</span>;
  return (
    <a class="name" href={href} aria-current={isChosen ? 'true' : undefined}>
      {text}
    </a>
  );
}

const AllRows = lazy<BarTableProps & { title: string; onClose: () => void }>(() => import('./all-rows.js'));

/** The button that shows all rows, with search and sort. */
export function Details({ title, ...table }: BarTableProps & { title: string }): ComponentChildren {
  const isOpen = useSignal(false);
  return (
    <>
      <button type="button" class="quiet end" onClick={() => (isOpen.value = true)} aria-label={`Details: ${title}`}>
        Details
      </button>
      {isOpen.value && <AllRows title={title} {...table} onClose={() => (isOpen.value = false)} />}
    </>
  );
}
