import { useGet } from '../../api/query.js';
import { CompareChoice, FilterChips, Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, before, isCompared, period } from '../../app/range.js';
import { param } from '../../app/router.js';
import { Rate } from '../../live/rate.js';
import { FirstEvent } from '../../ui/empty.js';
import { zone } from '../../ui/format.js';
import { Show } from '../../ui/loaded.js';
import { Cards } from './cards.js';
import { FilterMenu } from './filter-menu.js';
import { MainChart } from './main-chart.js';
import type { Numbers } from './numbers.js';
import { Tables } from './tables.js';

const EVERY_MS = 15_000;

export default function Overview() {
  return (
    <>
      <Header title="Overview">
        <Rate />
        <FilterChips names={{ client: 'client', type: 'event type' }} />
        <FilterMenu />
        <RangeChoice />
        <CompareChoice />
        <ZoneChoice />
      </Header>
      <Content />
    </>
  );
}

function Content() {
  const current = useOverview(period.value, true);
  const previous = useOverview(before.value, isCompared.value);
  const processing = useProcessing(period.value, true);
  const earlier = useProcessing(before.value, isCompared.value);
  const numbers = (overview: NonNullable<typeof current.data>): Numbers => ({
    overview,
    asOf: current.asOf,
    previous: isCompared.value && !previous.isOld ? previous.data : undefined,
    processing: processing.data,
    earlier: isCompared.value && !earlier.isOld ? earlier.data : undefined,
  });
  return (
    <Show loaded={current}>
      {(overview) =>
        overview.summary.total_events === 0 && param('client') === null && param('type') === null ? (
          <section class="card">
            <FirstEvent />
          </section>
        ) : (
          <>
            <Cards numbers={numbers(overview)} />
            <MainChart numbers={numbers(overview)} />
            <Tables numbers={numbers(overview)} />
          </>
        )
      }
    </Show>
  );
}

const filter = () => ({ client_id: param('client') ?? undefined, event_type: param('type') ?? undefined });

function useOverview(range: { from: number; to: number }, enabled: boolean) {
  const { interval } = period.value;
  const loaded = useGet(
    '/analytics',
    { ...asQuery(range), ...filter(), tz: zone(), interval },
    { enabled, every: EVERY_MS },
  );
  // With user_id it would be one user's answer.
  const data = loaded.data !== undefined && 'summary' in loaded.data ? loaded.data : undefined;
  return { ...loaded, data };
}

/** Failures and latencies are counted per client, not per type. */
function useProcessing(range: { from: number; to: number }, enabled: boolean) {
  const query = { ...asQuery(range), client_id: filter().client_id, tz: zone(), interval: period.value.interval };
  return useGet('/analytics/processing-metrics', query, {
    enabled: enabled && param('type') === null,
    every: EVERY_MS,
  });
}
