import { useGet } from '../../api/query.js';
import { asQuery, period } from '../../app/range.js';
import { setParams } from '../../app/router.js';
import { textOf } from '../../ui/form.js';
import { closePopover, Popover } from '../../ui/popover.js';

/** Narrows the whole page to one client, one event type, or both. */
export function FilterMenu() {
  return (
    <Popover label="+ Filter">
      <Choices />
    </Popover>
  );
}

function Choices() {
  const { data } = useGet('/analytics/group-by-client-and-type', asQuery(period.value));
  const counts = data?.data ?? [];
  const unique = (values: string[]) => [...new Set(values)].sort();
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        const given = ['client', 'type'].map((name) => [name, textOf(form, name)]).filter(([, value]) => value !== '');
        setParams(Object.fromEntries(given) as Record<string, string>);
        form.reset();
        closePopover(form);
      }}
    >
      <Choice label="Client" name="client" values={unique(counts.map(({ client_id }) => client_id))} />
      <Choice label="Event type" name="type" values={unique(counts.map(({ event_type }) => event_type))} />
      <button type="submit" class="button">
        Filter
      </button>
    </form>
  );
}

function Choice({ label, name, values }: { label: string; name: string; values: string[] }) {
  return (
    <label class="field">
      {label}
      <input name={name} list={`filter-${name}`} autocomplete="off" />
      <datalist id={`filter-${name}`}>
        {values.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
    </label>
  );
}
