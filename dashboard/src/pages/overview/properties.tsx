import { isScalar, printValue } from '../../api/json.js';
import { useGet } from '../../api/query.js';
import { asQuery, period } from '../../app/range.js';
import { param, setParams } from '../../app/router.js';
import { BarTable, Details } from '../../ui/bar-table.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';

/** Up to so many events, the first property is shown without being asked for: its values are counted from the events. */
const SMALL = 200_000;

const filter = () => ({ client_id: param('client') ?? undefined, event_type: param('type') ?? undefined });

export function Properties({ total }: { total: number }) {
  const names = usePropertyNames();
  const property = param('property') ?? (total <= SMALL ? names[0] : undefined);
  const loaded = useGet(
    '/analytics/breakdown',
    { ...asQuery(period.value), ...filter(), property: property ?? '', limit: 100 },
    { enabled: property !== undefined, every: 60_000 },
  );
  const data = property === undefined ? undefined : loaded.data;
  const rows = (data?.data ?? []).map(({ value, count }) => ({ name: printValue(value), count }));
  const table = { rows, total: data?.total ?? 0, caption: `Values of ${property}`, unit: 'Events' };
  return (
    <Panel
      title="Properties"
      class="wide"
      actions={
        <>
          <select
            class="property"
            aria-label="Property"
            value={property ?? ''}
            onChange={({ currentTarget: { value } }) => setParams({ property: value })}
          >
            <option value="">Choose a property</option>
            {[...new Set(property === undefined ? names : [property, ...names])].sort().map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
          {rows.length > 0 && <Details title={`Values of ${property}`} {...table} />}
        </>
      }
      footer={
        data && (
          <HowCounted
            method="exact"
            what={`Processed events that have the property ${property}, by its value.`}
            from={data.from}
            to={data.to}
            asOf={loaded.asOf}
          />
        )
      }
    >
      {property === undefined ? (
        <p class="muted">
          {names.length === 0
            ? 'The newest events have no properties.'
            : 'Choose a property to see its most frequent values.'}
        </p>
      ) : (
        <Show loaded={loaded}>
          {() => (rows.length === 0 ? <p class="muted">No event here has this property.</p> : <BarTable {...table} />)}
        </Show>
      )}
    </Panel>
  );
}

/** As the newest events have them, the most frequent first. */
function usePropertyNames(): string[] {
  const { data } = useGet('/events', { ...filter(), ...asQuery(period.value), limit: 50 }, { every: false });
  const counts = new Map<string, number>();
  for (const { payload } of data?.data ?? []) {
    for (const [name, value] of Object.entries(payload)) {
      if (isScalar(value)) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([name]) => name);
}
