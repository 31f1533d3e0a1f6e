import { before, isCompared, period, type Period } from '../../app/range.js';
import { param, setParams } from '../../app/router.js';
import { Chart } from '../../ui/lazy-chart.js';
import { bucketName, zone } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import {
  chosenMeasure,
  isKnown,
  loadedSeries,
  type Measure,
  MEASURES,
  narrowedTo,
  NOT_NARROWED,
  type Numbers,
  type Series,
} from './numbers.js';
import { useCounted } from './counted.js';

export function MainChart({ numbers }: { numbers: Numbers }) {
  const name = chosenMeasure();
  const measure: Measure = MEASURES[name];
  const { now, then, interval, isTooMuch } = useSeries(numbers);
  const isTable = param('as') === 'table';
  return (
    <section class="card main-chart" aria-label={`${measure.label} over time`}>
      {now === undefined ? (
        <div class="plot muted">{!isKnown(measure) ? NOT_NARROWED : isTooMuch ? TOO_MANY : 'Loading'}</div>
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
            answer={numbers.overview}
            narrowed={narrowedTo(measure)}
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

const TOO_MANY = 'The filter leaves too many events to count their users and sessions. Choose a shorter range.';

interface ShownSeries {
  now: Series | undefined;
  then: Series | undefined;
  interval: Period['interval'];
  isTooMuch: boolean;
}

/** Events, failures and latencies came with the page; distinct users and sessions are asked for when they are looked at. */
function useSeries(numbers: Numbers): ShownSeries {
  const name = chosenMeasure();
  const { overview, previous, processing, earlier } = numbers;
  const isTooMuch = overview.summary.unique_users_method === 'none';
  const isSubject = name === 'users' || name === 'sessions' || name === 'per_user';
  const measure = name === 'sessions' ? 'sessions' : 'users';
  const interval = isSubject ? subjectInterval(period.value) : overview.interval;
  const isAsked = isSubject && !isTooMuch;
  const subjects = useCounted(period.value, measure, interval, isAsked);
  const former = useCounted(before.value, measure, interval, isAsked && isCompared.value);
  const events = useCounted(period.value, 'events', interval, isAsked && name === 'per_user');
  const formerEvents = useCounted(before.value, 'events', interval, isAsked && name === 'per_user' && isCompared.value);
  const shown = { interval, isTooMuch: isSubject && isTooMuch };
  if (!isSubject) {
    return { ...shown, now: loadedSeries(name, overview, processing), then: loadedSeries(name, previous, earlier) };
  }
  if (name !== 'per_user') return { ...shown, now: subjects, then: former };
  return { ...shown, now: ratio(events, subjects), then: ratio(formerEvents, former) };
}

/** At most a hundred buckets are counted. */
const subjectInterval = ({ interval, from, to }: Period): Period['interval'] =>
  interval === 'minute' || (interval === 'hour' && to - from > 4 * 86_400_000)
    ? interval === 'minute'
      ? 'hour'
      : 'day'
    : interval;

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
