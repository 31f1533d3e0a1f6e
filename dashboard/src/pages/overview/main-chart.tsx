import { useGet } from '../../api/query.js';
import { asQuery, before, isCompared, period, type Period } from '../../app/range.js';
import { param, setParams } from '../../app/router.js';
import { Chart } from '../../ui/lazy-chart.js';
import { bucketName, zone } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import type { Range } from '../../ui/time.js';
import { chosenMeasure, loadedSeries, type Measure, MEASURES, type Numbers, type Series, toSeries } from './numbers.js';

export function MainChart({ numbers }: { numbers: Numbers }) {
  const name = chosenMeasure();
  const measure: Measure = MEASURES[name];
  const { now, then, interval } = useSeries(numbers);
  const isTable = param('as') === 'table';
  return (
    <section class="card main-chart" aria-label={`${measure.label} over time`}>
      {now === undefined ? (
        <NoSeries />
      ) : isTable ? (
        <Table measure={measure} now={now} then={then} interval={interval} />
      ) : (
        <Chart
          label={`${measure.label} by ${interval}, ${period.value.label}. The table button shows the same numbers.`}
          interval={interval}
          buckets={now.buckets}
          values={now.values}
          previous={then?.values ?? []}
          isOpen={period.value.isOpen}
          print={measure.printExact}
        />
      )}
      <div class="legend">
        <span class="now">— {period.value.label.toLowerCase()}</span>
        {then !== undefined && <span>— period before</span>}
        {period.value.isOpen && <span>dashed: {interval} not over yet</span>}
        <span class="end row">
          <HowCounted
            method={measure.method(numbers)}
            what={measure.what}
            from={numbers.overview.from}
            to={numbers.overview.to}
            asOf={numbers.asOf}
          />
          <button type="button" class="quiet" onClick={() => setParams({ as: isTable ? null : 'table' })}>
            {isTable ? 'Chart' : 'Table'}
          </button>
        </span>
      </div>
    </section>
  );
}

function NoSeries() {
  const text =
    param('client') !== null || param('type') !== null
      ? 'Users and sessions over time are counted of all events only. Remove the filter to see them.'
      : 'Loading';
  return <div class="plot muted">{text}</div>;
}

/** Events, failures and latencies came with the page; distinct users and sessions are asked for when they are looked at. */
function useSeries(numbers: Numbers): {
  now: Series | undefined;
  then: Series | undefined;
  interval: Period['interval'];
} {
  const name = chosenMeasure();
  const { overview, previous, processing, earlier } = numbers;
  const isSubject = name === 'users' || name === 'sessions' || name === 'per_user';
  const measure = name === 'sessions' ? 'sessions' : 'users';
  const interval = isSubject ? subjectInterval(period.value) : overview.interval;
  const subjects = useSubjects(period.value, measure, interval, isSubject);
  const former = useSubjects(before.value, measure, interval, isSubject && isCompared.value);
  const events = useEvents(period.value, interval, name === 'per_user');
  const formerEvents = useEvents(before.value, interval, name === 'per_user' && isCompared.value);
  if (!isSubject) {
    return { now: loadedSeries(name, overview, processing), then: loadedSeries(name, previous, earlier), interval };
  }
  if (name !== 'per_user') return { now: subjects, then: former, interval };
  return { now: ratio(events, subjects), then: ratio(formerEvents, former), interval };
}

/** At most a hundred buckets are counted. */
const subjectInterval = ({ interval, from, to }: Period): Period['interval'] =>
  interval === 'minute' || (interval === 'hour' && to - from > 4 * 86_400_000)
    ? interval === 'minute'
      ? 'hour'
      : 'day'
    : interval;

function useSubjects(range: Range, measure: 'users' | 'sessions', interval: Period['interval'], enabled: boolean) {
  const isFiltered = param('client') !== null || param('type') !== null;
  const query = { ...asQuery(range), tz: zone(), interval, measure };
  const { data, isOld } = useGet('/analytics/timeseries', query, { enabled: enabled && !isFiltered, every: 60_000 });
  return data === undefined || isOld || isFiltered ? undefined : toSeries(data.data, ({ count }) => count);
}

function useEvents(range: Range, interval: Period['interval'], enabled: boolean): Series | undefined {
  const { data, isOld } = useGet(
    '/analytics/timeseries',
    { ...asQuery(range), tz: zone(), interval },
    { enabled, every: 60_000 },
  );
  return data === undefined || isOld ? undefined : toSeries(data.data, ({ count }) => count);
}

function ratio(events: Series | undefined, users: Series | undefined): Series | undefined {
  if (events === undefined || users === undefined) return undefined;
  const values = users.values.map((count, n) =>
    count === 0 || count === null ? null : (events.values[n] ?? 0) / count,
  );
  return { buckets: users.buckets, values };
}

interface TableProps {
  measure: Measure;
  now: Series;
  then: Series | undefined;
  interval: string;
}

/** The chart's numbers, for those who read rather than look. */
function Table({ measure, now, then, interval }: TableProps) {
  return (
    <div class="scroll plot-table" tabIndex={0} role="region" aria-label={`${measure.label} as a table`}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">
              {interval} ({zone()})
            </th>
            <th scope="col" class="number">
              {measure.label}
            </th>
            {then !== undefined && (
              <th scope="col" class="number">
                Period before
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {now.buckets.map((at, n) => (
            <tr key={at}>
              <th scope="row">{bucketName(at, interval)}</th>
              <td class="number">{measure.printExact(now.values[n])}</td>
              {then !== undefined && <td class="number">{measure.printExact(then.values[n])}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
