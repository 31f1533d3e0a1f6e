import { type Loaded, useGet } from '../../api/query.js';
import type { Schema } from '../../api/types.js';
import { Header, RangeChoice, ZoneChoice } from '../../app/header.js';
import { asQuery, period } from '../../app/range.js';
import { param, setParams } from '../../app/router.js';
import { asked, askedWords, isNarrowed, queryOf } from '../../filter/asked.js';
import { PageFilter, UnreadableFilter } from '../../filter/bar.js';
import { FirstEvent } from '../../ui/empty.js';
import { bucketName, exact, figure, NONE, percent, zone } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';

const DAY_MS = 86_400_000;

/** By day up to two months, else by week; the address may say otherwise. */
function chosenInterval(): 'day' | 'week' {
  const given = param('interval');
  if (given === 'day' || given === 'week') return given;
  return period.value.to - period.value.from > 60 * DAY_MS ? 'week' : 'day';
}

export default function Retention() {
  const interval = chosenInterval();
  const isReadable = asked.value.fault === null;
  const query = { ...asQuery(period.value), ...queryOf(asked.value), tz: zone(), interval };
  const loaded = useGet('/analytics/retention', query, { enabled: isReadable, every: 60_000 });
  return (
    <>
      <Header title="Retention">
        <select
          class="property"
          aria-label="Periods"
          value={interval}
          onChange={({ currentTarget: { value } }) => setParams({ interval: value })}
        >
          <option value="day">By day</option>
          <option value="week">By week</option>
        </select>
        <RangeChoice />
        <ZoneChoice />
        <PageFilter error={loaded.error} sent={asked.value.filter} unseen={loaded.data?.unseen_properties} />
      </Header>
      {isReadable ? <Result loaded={loaded} interval={interval} /> : <UnreadableFilter />}
    </>
  );
}

interface ResultProps {
  loaded: Loaded<Schema<'RetentionResponse'>>;
  interval: 'day' | 'week';
}

function Result({ loaded, interval }: ResultProps) {
  return (
    <Panel
      title="Users who came back"
      footer={
        <HowCounted
          method="exact"
          what="Users by the period of their first event in the range, and the share of them who did anything in each later period."
          answer={loaded.data}
          narrowed={askedWords.value}
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {({ data }) =>
          data.length > 0 ? (
            <Cohorts cohorts={data} interval={interval} />
          ) : isNarrowed.value ? (
            <p class="muted">No event in this range fits the filter.</p>
          ) : (
            <FirstEvent />
          )
        }
      </Show>
    </Panel>
  );
}

function Cohorts({ cohorts, interval }: { cohorts: Schema<'RetentionCohort'>[]; interval: 'day' | 'week' }) {
  const periods = Math.max(...cohorts.map((cohort) => cohort.periods.length));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Retention table">
      <table class="rows heat">
        <thead>
          <tr>
            <th scope="col">First seen</th>
            <th scope="col" class="number">
              Users
            </th>
            {Array.from({ length: periods }, (_, n) => (
              <th key={n} scope="col" class="number">
                {interval} {n}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cohorts.map(({ cohort, users, periods: later }) => (
            <tr key={cohort}>
              <th scope="row">{bucketName(cohort, interval)}</th>
              <td title={exact(users)}>{figure(users)}</td>
              {later.map(({ period: n, rate, users: back }) => (
                <td key={n} class="share" title={`${exact(back)} users`} style={{ '--share': rate }}>
                  {users === 0 ? NONE : percent(rate)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
