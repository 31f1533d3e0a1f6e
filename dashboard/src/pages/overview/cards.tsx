import { setParams } from '../../app/router.js';
import { percent } from '../../ui/format.js';
import {
  chosenMeasure,
  isKnown,
  loadedSeries,
  type Measure,
  type MeasureName,
  MEASURES,
  measureNames,
  NOT_NARROWED,
  type Numbers,
} from './numbers.js';
import { Spark } from './spark.js';

/** One row of figures; each chooses the chart below. */
export function Cards({ numbers }: { numbers: Numbers }) {
  return (
    <div class="cards" role="group" aria-label="Figures; each shows its chart">
      {measureNames.map((name) => (
        <Card key={name} name={name} numbers={numbers} />
      ))}
    </div>
  );
}

function Card({ name, numbers }: { name: MeasureName; numbers: Numbers }) {
  const measure: Measure = MEASURES[name];
  const value = measure.value(numbers);
  const series = loadedSeries(name, numbers.overview, numbers.processing);
  return (
    <button
      type="button"
      aria-pressed={chosenMeasure() === name}
      onClick={() => setParams({ chart: name === 'events' ? null : name })}
    >
      <small>{measure.label}</small>
      <strong title={measure.printExact(value)}>{measure.print(value)}</strong>
      {isKnown(measure) ? (
        <Change now={value} then={measure.earlier(numbers)} isGood={measure.isGood} />
      ) : (
        <span class="change muted" title={NOT_NARROWED}>
          not with this filter
        </span>
      )}
      {series !== undefined && <Spark values={series.values} />}
    </button>
  );
}

type Value = number | null | undefined;

/** Against the period before, coloured by good or bad and not by up or down. */
function Change({ now, then, isGood }: { now: Value; then: Value; isGood: boolean }) {
  if (now == null || then == null) return null;
  if (then === 0)
    return now === 0 ? <span class="change muted">– {percent(0)}</span> : <span class="change muted">new</span>;
  const change = now / then - 1;
  if (Math.abs(change) < 0.005) return <span class="change muted">– {percent(0)}</span>;
  const isUp = change > 0;
  return (
    <span class={`change ${isUp === isGood ? 'good' : 'bad'}`}>
      <span aria-hidden="true">{isUp ? '↑' : '↓'}</span>
      <span class="hidden">{isUp ? 'up' : 'down'}</span> {percent(Math.abs(change))}
    </span>
  );
}
