import { api } from '../../api/client.js';
import { type Loaded, useLoad } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, period } from '../../app/range.js';
import { asked, ask, askedWords } from '../../filter/asked.js';
import { FilterBar, UnreadableFilter } from '../../filter/bar.js';
import { faultsIn, type Filter } from '../../filter/filter.js';
import { useNarrowedSteps } from '../../filter/steps.js';
import { propertyWord } from '../../filter/words.js';
import { duration } from '../../ui/format.js';
import { FunnelSteps } from '../../ui/funnel-steps.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Builder } from './builder.js';
import { definition } from './definition.js';
import { Saved } from './saved.js';

export default function Funnels() {
  const funnel = definition.value;
  const isReadable = asked.value.fault === null;
  const { steps, isReady } = useNarrowedSteps(funnel.steps);
  const body = { ...funnel, steps, ...asQuery(period.value) };
  const loaded = useLoad(['/analytics/funnel', body], () => api.post('/analytics/funnel', { body }), {
    enabled: steps.length > 0 && isReady && isReadable,
    every: 30_000,
  });
  const error = steps.length > 0 ? loaded.error : null;
  const sent = steps.map(({ filters }, n) => [`steps[${n}].filters`, filters as Filter | undefined] as const);
  const faults = faultsIn(error, sent);
  const segmentFault = error?.errors.find(({ path }) => path.endsWith('.segment'))?.message;
  return (
    <>
      <Header title="Funnels">
        <RangeChoice />
        <ZoneChoice />
        <FilterBar {...asked.value} onChange={ask} faults={faults} segmentFault={segmentFault} canSave />
      </Header>
      <div class="grid">
        <Builder faults={faults} narrowed={steps} />
        <Saved />
        {!isReadable ? <UnreadableFilter /> : steps.length > 0 && <Result loaded={loaded} window={funnel.window_s} />}
      </div>
    </>
  );
}

function Result({ loaded, window }: { loaded: Loaded<Schema<'FunnelResponse'>>; window: number }) {
  const unseen = loaded.data?.unseen_properties ?? [];
  return (
    <Panel
      title="Result"
      class="wide"
      footer={
        <HowCounted
          method="exact"
          what={`Users who took the steps in this order, each later than the one before and within ${duration(window * 1_000)} of the first. Events without a user id do not count.`}
          answer={loaded.data}
          narrowed={askedWords.value}
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {({ steps, groups }) => (
          <>
            {unseen.length > 0 && (
              <p class="warn break">
                No event of its step has {unseen.map(propertyWord).join(', ')} in this range: perhaps it is misspelt.
              </p>
            )}
            {steps[0]?.users === 0 && <p class="muted">Nobody took the first step in this range.</p>}
            <FunnelSteps steps={steps} />
            {groups?.map(({ value, steps: own }) => (
              <div key={value} class="gap">
                <h3 class="break">{value ?? '(none)'}</h3>
                <FunnelSteps steps={own} />
              </div>
            ))}
          </>
        )}
      </Show>
    </Panel>
  );
}
