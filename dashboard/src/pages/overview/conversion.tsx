import { hrefOf } from '../../app/router.js';
import { isNarrowed } from '../../filter/asked.js';
import { duration, percent } from '../../ui/format.js';
import { FunnelSteps } from '../../ui/funnel-steps.js';
import { HowCounted } from '../../ui/how-counted.js';
import { lazy } from '../../ui/lazy.js';
import { Panel } from '../../ui/loaded.js';
import type { Numbers } from './numbers.js';

const NarrowedConversion = lazy<object>(() => import('./narrowed-conversion.js'));

/** The newest saved funnel. */
export function Conversion({ numbers }: { numbers: Numbers }) {
  return isNarrowed.value ? <NarrowedConversion /> : <OfAll numbers={numbers} />;
}

function OfAll({ numbers: { overview, asOf } }: { numbers: Numbers }) {
  const { conversion } = overview;
  if (conversion === null || conversion.steps.length === 0) return null;
  const { name, steps, rate, window_s: window, method, funnel_id: id } = conversion;
  const how = method === 'exact' ? 'exact' : 'estimate from a sample of users, scaled up; standard error at most 2.5 %';
  const href = hrefOf('funnels', {
    funnel: id,
    steps: id === null ? JSON.stringify(steps.map(({ event_type }) => ({ event_type }))) : null,
  });
  return (
    <Panel
      title={name}
      actions={<Open rate={rate} href={href} />}
      footer={<HowCounted method={how} what={whatOf(window)} answer={overview} asOf={asOf} />}
    >
      <FunnelSteps steps={steps} />
    </Panel>
  );
}

export const whatOf = (window: number) => `Users who took the steps in this order within ${duration(window * 1_000)}.`;

export function Open({ rate, href }: { rate: number | undefined; href: string }) {
  return (
    <>
      <span class="muted">{percent(rate)} of the first step</span>
      <a class="quiet end" href={href}>
        Open
      </a>
    </>
  );
}
