import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'preact/hooks';
import { darkness } from '../app/theme.js';
import { bucketName, exact, figure, zone } from './format.js';

export interface ChartProps {
  label: string;
  interval: string;
  /** Instants at which the buckets begin, in milliseconds. */
  buckets: readonly number[];
  values: readonly (number | null)[];
  /** The period before, bucket by bucket; empty for none. */
  previous: readonly (number | null)[];
  /** The last bucket is not over yet. */
  isOpen: boolean;
  print?: (value: number | null | undefined) => string;
}

const HEIGHT = 220;

/** A line with the period before in grey; what is not over yet is dashed. The table beside it says the same. */
export default function Chart(props: ChartProps) {
  const { label, buckets, values, previous, isOpen, interval } = props;
  const box = useRef<HTMLDivElement>(null);
  const theme = darkness.value;
  useEffect(() => {
    const element = box.current!;
    const plot = new uPlot(optionsOf(props, element), dataOf(props), element);
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
    // What is drawn depends on these alone.
  }, [theme, interval, zone(), JSON.stringify([buckets, values, previous, isOpen])]);
  return <div ref={box} class="plot" role="img" aria-label={label} />;
}

function dataOf({ buckets, values, previous, isOpen }: ChartProps): uPlot.AlignedData {
  const last = values.length - 1;
  const done = values.map((value, n) => (isOpen && n === last ? null : value));
  const open = values.map((value, n) => (isOpen && n >= last - 1 ? value : null));
  const before = buckets.map((_, n) => previous[n] ?? null);
  return [buckets.map((at) => at / 1_000), before, done, open];
}

function optionsOf({ interval, values, previous, print = exact }: ChartProps, element: HTMLElement): uPlot.Options {
  const color = (name: string) => resolve(element, name);
  const line = { width: 2, stroke: color('--accent'), points: { show: values.length < 3 } };
  const axis = {
    stroke: color('--muted'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    ...{ width: element.clientWidth, height: HEIGHT, legend: { show: false } },
    padding: [8, 40, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone()),
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ...{ space: 90, size: 32 },
        values: (_plot, splits) => splits.map((at) => shortName(at, interval)),
      },
      { ...axis, size: 56, values: (_plot, splits) => splits.map((value) => figure(value)) },
    ],
    series: [
      {},
      { width: 1.5, stroke: color('--previous'), show: previous.length > 0, points: { show: false } },
      line,
      { ...line, dash: [5, 5], points: { show: false } },
    ],
    cursor: { y: false, points: { size: 7 } },
    plugins: [tooltip(interval, print)],
  };
}

function shortName(seconds: number, interval: string): string {
  return bucketName(seconds * 1_000, interval === 'week' ? 'day' : interval);
}

function tooltip(interval: string, print: NonNullable<ChartProps['print']>): uPlot.Plugin {
  const tip = document.createElement('div');
  tip.className = 'tip';
  return {
    hooks: {
      ready: (plot) => {
        tip.hidden = true;
        plot.over.append(tip);
      },
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        tip.hidden = idx == null || left < 0;
        if (idx == null || left < 0) return;
        const [at, before, done, open] = plot.data.map((column) => column[idx]);
        const lines = [bucketName((at ?? 0) * 1_000, interval), print(done ?? open)];
        if (before != null) lines.push(`before: ${print(before)}`);
        tip.replaceChildren(
          ...lines.map((text) => Object.assign(document.createElement('div'), { textContent: text })),
        );
        tip.style.transform = `translateX(${left > plot.over.clientWidth / 2 ? left - tip.offsetWidth - 12 : left + 12}px)`;
      },
    },
  };
}

/** What a custom property is in the theme that is shown; canvas knows no properties. */
function resolve(element: HTMLElement, property: string): string {
  const probe = element.appendChild(document.createElement('i'));
  probe.style.color = `var(${property})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
