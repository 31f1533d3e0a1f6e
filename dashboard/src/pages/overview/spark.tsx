const MOST = 32;
const HEIGHT = 20;

/** Small bars without axes: the shape of a series, of which the chart shows the rest. */
export function Spark({ values }: { values: readonly (number | null)[] }) {
  const size = Math.ceil(values.length / MOST);
  const bars: number[] = [];
  for (let n = 0; n < values.length; n += size) {
    bars.push(values.slice(n, n + size).reduce<number>((sum, value) => sum + (value ?? 0), 0));
  }
  const top = Math.max(...bars, 1e-9);
  return (
    <svg class="spark" viewBox={`0 0 ${bars.length} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map((value, n) => (
        <rect key={n} x={n + 0.1} width="0.8" y={HEIGHT - (value / top) * HEIGHT} height={(value / top) * HEIGHT} />
      ))}
    </svg>
  );
}
