import type { ChartProps } from './chart.js';
import { lazy } from './lazy.js';

/** Pages without a chart never load it. */
export const Chart = lazy<ChartProps>(() => import('./chart.js'), <div class="plot" />);
