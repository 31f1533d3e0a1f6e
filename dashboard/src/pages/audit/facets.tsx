import { useGet } from '../../api/query.js';
import { hrefOf, param, params } from '../../app/router.js';
import { exact, figure, zone } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Show } from '../../ui/loaded.js';
import { filters } from './filters.js';

const MOST = 12;

export function Facets() {
  const loaded = useGet('/logs/stats', { ...filters(), tz: zone() }, { every: 30_000 });
  return (
    <aside aria-label="Facets">
      <Show loaded={loaded}>
        {({ by_action: actions, by_severity: severities, by_resource_type: resources, total }) => (
          <div class="facets">
            <Facet title="Action" name="action" counts={actions} />
            <Facet title="Severity" name="severity" counts={severities} />
            <Facet title="Resource" name="resource" counts={resources} />
            <div>
              <p class="muted">{exact(total)} entries</p>
              <HowCounted
                method="exact"
                what="Audit entries that fit all filters."
                answer={filters()}
                asOf={loaded.asOf}
              />
            </div>
          </div>
        )}
      </Show>
    </aside>
  );
}

function Facet({ title, name, counts }: { title: string; name: string; counts: Record<string, number> }) {
  const rows = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  const kept = Object.fromEntries([...params.value].filter(([other]) => other !== 'cursor'));
  return (
    <div>
      <h2>{title}</h2>
      <ul>
        {rows.slice(0, MOST).map(([value, count]) => {
          const isChosen = param(name) === value;
          return (
            <li key={value}>
              <a
                href={hrefOf('audit', { ...kept, [name]: isChosen ? null : value })}
                aria-current={isChosen ? 'true' : undefined}
              >
                <span class="ellipsis" title={value}>
                  {value}
                </span>
                <span title={exact(count)}>{figure(count)}</span>
              </a>
            </li>
          );
        })}
      </ul>
      {rows.length === 0 && <p class="muted">–</p>}
      {rows.length > MOST && <p class="muted">and {exact(rows.length - MOST)} more</p>}
    </div>
  );
}
