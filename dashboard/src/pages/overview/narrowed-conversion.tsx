import { api } from '../../api/client.js';
import { useGet, useLoad } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { asQuery, period } from '../../app/range.js';
import { hrefOf } from '../../app/router.js';
import { askedWords } from '../../filter/asked.js';
import { useNarrowedSteps } from '../../filter/steps.js';
import { FunnelSteps } from '../../ui/funnel-steps.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Open, whatOf } from './conversion.js';

/** The overview answers none with a filter; the funnel is asked for with the filter on each of its steps. */
export default function NarrowedConversion() {
  const saved = useGet('/analytics/funnels', { limit: 1 }, { every: false });
  const funnel = saved.data?.data[0];
  if (saved.data === undefined) return null;
  if (funnel !== undefined) return <NarrowedFunnel funnel={funnel} />;
  return (
    <Panel title="Conversion">
      <p class="muted">Without a saved funnel it is shown of all events only. Save one to see it with this filter.</p>
    </Panel>
  );
}

function NarrowedFunnel({ funnel }: { funnel: Schema<'SavedFunnelResponse'> }) {
  const { id, name, window_s } = funnel;
  const { steps, isReady } = useNarrowedSteps(funnel.steps);
  const body = { steps, window_s, ...asQuery(period.value) };
  const loaded = useLoad(['/analytics/funnel', body], () => api.post('/analytics/funnel', { body }), {
    enabled: isReady,
    every: 60_000,
  });
  return (
    <Panel
      title={name}
      actions={
        <Open rate={loaded.data?.steps.at(-1)?.conversion_from_first} href={hrefOf('funnels', { funnel: id })} />
      }
      footer={
        <HowCounted
          method="exact"
          what={whatOf(window_s)}
          answer={loaded.data}
          narrowed={askedWords.value}
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>{({ steps: reached }) => <FunnelSteps steps={reached} />}</Show>
    </Panel>
  );
}
