import { useEffect } from 'preact/hooks';
import { api } from '../../api/client.js';
import { refresh, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { param } from '../../app/router.js';
import { may } from '../../app/session.js';
import { Confirm } from '../../ui/confirm.js';
import { Panel, Show } from '../../ui/loaded.js';
import { definition, show } from './definition.js';

/** Saved funnels; the newest is also on the overview. */
export function Saved() {
  const loaded = useGet('/analytics/funnels', { limit: 200 }, { every: 60_000 });
  const asked = loaded.data?.data.find(({ id }) => id === param('funnel'));
  // A link may name a saved funnel without its steps.
  useEffect(() => {
    if (asked !== undefined && definition.value.steps.length === 0) show(asked, asked.id);
  }, [asked?.id]);
  return (
    <Panel title="Saved funnels">
      <Show loaded={loaded}>
        {({ data }) =>
          data.length === 0 ? (
            <p class="muted">None yet. Build one and save it; the newest is shown on the overview.</p>
          ) : (
            <table class="rows">
              <tbody>
                {data.map((funnel) => (
                  <Row key={funnel.id} funnel={funnel} />
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </Panel>
  );
}

function Row({ funnel }: { funnel: Schema<'SavedFunnelResponse'> }) {
  const { id, name, steps } = funnel;
  const remove = async () => {
    await api.delete('/analytics/funnels/{id}', { path: { id } });
    await refresh('/analytics');
  };
  return (
    <tr aria-current={param('funnel') === id ? 'true' : undefined}>
      <td class="break">
        <button type="button" class="link" onClick={() => show(funnel, id)}>
          {name}
        </button>
        <br />
        <small class="muted">{steps.map(({ event_type }) => event_type).join(' → ')}</small>
      </td>
      {may('admin') && (
        <td class="number">
          <Confirm label="Delete" question={`Delete the funnel “${name}”?`} act={remove} />
        </td>
      )}
    </tr>
  );
}
