import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ChartProps } from './chart.js';

let loaded: ComponentType<ChartProps> | undefined;

/** The chart comes in a file of its own, which pages without one never load. */
export function Chart(props: ChartProps) {
  const [Loaded, setLoaded] = useState<ComponentType<ChartProps> | undefined>(() => loaded);
  useEffect(() => {
    if (Loaded === undefined) void import('./chart.js').then(({ default: it }) => setLoaded(() => (loaded = it)));
  }, [Loaded]);
  return Loaded === undefined ? <div class="plot" /> : <Loaded {...props} />;
}
