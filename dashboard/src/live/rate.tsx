import { figure } from '../ui/format.js';
import { metrics, useMetrics } from './socket.js';

/** Events per second now, on every page that shows events. */
export function Rate() {
  useMetrics();
  if (metrics.value === null) return <span class="live off">connecting</span>;
  return (
    <span class="live" title="Processed events per second, over the last seconds">
      {figure(metrics.value.processed_per_s)} events/s
    </span>
  );
}
