import { useLoad } from '../../api/query.js';
import { api } from '../../api/client.js';
import { Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, period } from '../../app/range.js';
import { duration } from '../../ui/format.js';
import { FunnelSteps } from '../../ui/funnel-steps.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Builder } from './builder.js';
import { definition, type Definition } from './definition.js';
import { Saved } from './saved.js';

export default function Funnels() {
  return (
    <>
      <Header title="Funnels">
        <RangeChoice />
        <ZoneChoice />
      </Header>
      <div class="grid">
        <Builder />
        <Saved />
        {definition.value.steps.length > 0 && <Result funnel={definition.value} />}
      </div>
    </>
  );
}

function Result({ funnel }: { funnel: Definition }) {
  const body = { ...funnel, ...asQuery(period.value) };
  const loaded = useLoad(['/analytics/funnel', body], () => api.post('/analytics/funnel', { body }), { every: 30_000 });
  return (
    <Panel
      title="Result"
      class="wide"
      footer={
        <HowCounted
          method="exact"
          what={`Users who took the steps in this order, each later than the one before and within ${duration(funnel.window_s * 1_000)} of the first. Events without a user id do not count.`}
          from={loaded.data?.from}
          to={loaded.data?.to}
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {({ steps, groups }) => (
          <>
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
