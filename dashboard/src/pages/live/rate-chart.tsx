import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { metrics } from '../../live/socket.js';
import { figure } from '../../ui/format.js';
import { Chart } from '../../ui/lazy-chart.js';
import { Panel } from '../../ui/loaded.js';

const KEPT = 300;

interface Point {
  at: number;
  rate: number;
}

/** The rates that came while this page was open. */
const points = signal<Point[]>([]);

export function RateChart() {
  useEffect(() => {
    points.value = [];
    return effect(() => {
      const now = metrics.value;
      if (now !== null)
        points.value = [...points.peek().slice(1 - KEPT), { at: Date.parse(now.ts), rate: now.processed_per_s }];
    });
  }, []);
  return (
    <Panel title="Processed per second" class="gap">
      {points.value.length < 2 ? (
        <div class="plot" />
      ) : (
        <Chart
          label="Processed events per second, since this page was opened"
          interval="second"
          buckets={points.value.map(({ at }) => at)}
          values={points.value.map(({ rate }) => rate)}
          previous={[]}
          isOpen={false}
          print={(value) => `${figure(value)} per second`}
        />
      )}
    </Panel>
  );
}
