import { figure } from '../ui/format.js';
import { metrics, useMetrics } from './socket.js';

interface RateProps {
  /** The page is narrowed, and this is not. */
  isOfAll?: boolean;
}

/** Events per second now, on every page that shows events. */
export function Rate({ isOfAll = false }: RateProps) {
  useMetrics();
  if (metrics.value === null) return <span class="live off">connecting</span>;
  return (
    <span class="live" title="Processed events per second, over the last seconds">
      {figure(metrics.value.processed_per_s)} events/s{isOfAll && ' in all'}
    </span>
  );
}
