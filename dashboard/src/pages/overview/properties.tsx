import { isScalar, printValue } from '../../api/json.js';
import { useGet } from '../../api/query.js';
import { asQuery, period } from '../../app/range.js';
import { param, setParams } from '../../app/router.js';
import { askedWords, isChosen, split, splitQuery, toggleHref } from '../../filter/asked.js';
import { useSeen } from '../../filter/seen.js';
import { FIELDS, propertyWord } from '../../filter/words.js';
import { BarTable, Details } from '../../ui/bar-table.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';

/** Up to so many events, the first property is shown without being asked for: its values are counted from the events. */
const SMALL = 200_000;

export function Properties({ total }: { total: number }) {
  const names = [...useSeen(splitQuery(split.value)).keys()].filter((name) => !(name in FIELDS));
  const property = param('property') ?? (total <= SMALL ? names[0] : undefined);
  const loaded = useGet(
    '/analytics/breakdown',
    { ...asQuery(period.value), ...splitQuery(split.value), property: property ?? '', limit: 100 },
    { enabled: property !== undefined, every: 60_000 },
  );
  const data = property === undefined ? undefined : loaded.data;
  const rows = (data?.data ?? []).map(({ value, count }) => ({
    ...{ name: printValue(value), count },
    ...(property === undefined || !isScalar(value)
      ? {}
      : { href: toggleHref(property, value), isChosen: isChosen(property, value) }),
  }));
  const table = { rows, total: data?.total ?? 0, caption: `Values of ${propertyWord(property ?? '')}`, unit: 'Events' };
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
                {propertyWord(name)}
              </option>
            ))}
          </select>
          {rows.length > 0 && <Details title={table.caption} {...table} />}
        </>
      }
      footer={
        data && (
          <HowCounted
            method="exact"
            what={`Processed events that have the property ${propertyWord(property ?? '')}, by its value.`}
            answer={data}
            narrowed={askedWords.value}
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
