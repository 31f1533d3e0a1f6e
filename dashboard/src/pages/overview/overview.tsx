import { useGet } from '../../api/query.js';
import { CompareChoice, Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, before, isCompared, period } from '../../app/range.js';
import { asked, isNarrowed, split, splitQuery } from '../../filter/asked.js';
import { PageFilter, UnreadableFilter } from '../../filter/bar.js';
import { Rate } from '../../live/rate.js';
import { FirstEvent } from '../../ui/empty.js';
import { zone } from '../../ui/format.js';
import { Show } from '../../ui/loaded.js';
import { Cards } from './cards.js';
import { MainChart } from './main-chart.js';
import { isProcessingKnown, type Numbers } from './numbers.js';
import { Tables } from './tables.js';

const EVERY_MS = 15_000;

export default function Overview() {
  const isReadable = asked.value.fault === null;
  const current = useOverview(period.value, isReadable);
  return (
    <>
      <Header title="Overview">
        <Rate />
        <RangeChoice />
        <CompareChoice />
        <ZoneChoice />
        <PageFilter error={current.error} sent={split.value.filter} unseen={current.data?.unseen_properties} />
      </Header>
      {isReadable ? <Content current={current} /> : <UnreadableFilter />}
    </>
  );
}

function Content({ current }: { current: ReturnType<typeof useOverview> }) {
  const previous = useOverview(before.value, isCompared.value);
  const processing = useProcessing(period.value, true);
  const earlier = useProcessing(before.value, isCompared.value);
  const isKnown = isProcessingKnown.value;
  const numbers = (overview: NonNullable<typeof current.data>): Numbers => ({
    overview,
    asOf: current.asOf,
    previous: isCompared.value && !previous.isOld ? previous.data : undefined,
    processing: isKnown ? processing.data : undefined,
    earlier: isKnown && isCompared.value && !earlier.isOld ? earlier.data : undefined,
  });
  return (
    <Show loaded={current}>
      {(overview) =>
        overview.summary.total_events === 0 && !isNarrowed.value ? (
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

function useOverview(range: { from: number; to: number }, enabled: boolean) {
  const { interval } = period.value;
  const query = { ...asQuery(range), ...splitQuery(split.value), tz: zone(), interval };
  const loaded = useGet('/analytics', query, { enabled, every: EVERY_MS });
  // With user_id it would be one user's answer.
  const data = loaded.data !== undefined && 'summary' in loaded.data ? loaded.data : undefined;
  return { ...loaded, data };
}

/** Failures and latencies are counted per client, by nothing else. */
function useProcessing(range: { from: number; to: number }, enabled: boolean) {
  const { client_id } = split.value;
  const query = { ...asQuery(range), client_id, tz: zone(), interval: period.value.interval };
  return useGet('/analytics/processing-metrics', query, {
    enabled: enabled && isProcessingKnown.value,
    every: EVERY_MS,
  });
}
