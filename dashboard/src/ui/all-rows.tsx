import { useSignal } from '@preact/signals';
import { BarTable, type BarTableProps } from './bar-table.js';
import { Dialog } from './dialog.js';
import { exact } from './format.js';

/** All rows of a ranking, with search and sort. */
export default function AllRows({
  rows,
  title,
  onClose,
  ...table
}: BarTableProps & { title: string; onClose: () => void }) {
  const search = useSignal('');
  const order = useSignal<'count' | 'name'>('count');
  const wanted = search.value.toLocaleLowerCase();
  const found = rows.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
  const sorted = [...found].sort((a, b) =>
    order.value === 'count' ? b.count - a.count : a.name.localeCompare(b.name, navigator.language),
  );
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="row">
        <input
          type="search"
          aria-label="Search names"
          placeholder="Search"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
        <select
          aria-label="Sort by"
          value={order.value}
          onChange={(event) => (order.value = event.currentTarget.value === 'name' ? 'name' : 'count')}
        >
          <option value="count">Most first</option>
          <option value="name">By name</option>
        </select>
      </div>
      {sorted.length === 0 ? (
        <p class="muted">Nothing is called that.</p>
      ) : (
        <BarTable {...table} rows={sorted} most={500} />
      )}
      {sorted.length > 500 && <p class="muted">The first 500 of {exact(sorted.length)}; search for the others.</p>}
    </Dialog>
  );
}
