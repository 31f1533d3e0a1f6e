import { Header, ZoneChoice } from '../../app/header.js';
import { hrefOf } from '../../app/router.js';
import { filterParam } from '../../filter/asked.js';
import type { Metrics } from '../../live/message.js';
import { Rate } from '../../live/rate.js';
import { liveFault, metrics } from '../../live/socket.js';
import { BarTable } from '../../ui/bar-table.js';
import { FirstEvent } from '../../ui/empty.js';
import { duration, figure } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel } from '../../ui/loaded.js';
import { LastEvents } from './last-events.js';
import { RateChart } from './rate-chart.js';

export default function Live() {
  return (
    <>
      <Header title="Live">
        <Rate />
        <ZoneChoice />
      </Header>
      {liveFault.value !== null && (
        <p class="stale" role="status">
          {liveFault.value}
        </p>
      )}
      {metrics.value === null ? <div class="skeleton" aria-busy="true" /> : <Numbers now={metrics.value} />}
    </>
  );
}

function Numbers({ now }: { now: Metrics }) {
  const { latency_ms: latency } = now;
  return (
    <>
      <div class="gauges">
        <Gauge name="Accepted per second" value={figure(now.accepted_per_s)} />
        <Gauge name="Processed per second" value={figure(now.processed_per_s)} />
        <Gauge name="Failed per second" value={figure(now.failed_per_s)} />
        <Gauge name="Waiting" value={figure(now.pending_events)} />
        <Gauge name="Time to count, p50" value={duration(latency.p50)} />
        <Gauge name="Time to count, p95" value={duration(latency.p95)} />
        <Gauge name="Time to count, p99" value={duration(latency.p99)} />
      </div>
      <RateChart />
      <div class="grid">
        <Types now={now} />
        <LastEvents processed={now.total_events} />
      </div>
    </>
  );
}

function Gauge({ name, value }: { name: string; value: string }) {
  return (
    <div class="card">
      <small>{name}</small>
      <strong>{value}</strong>
    </div>
  );
}

function Types({ now }: { now: Metrics }) {
  const rows = Object.entries(now.by_type).map(([name, count]) => ({
    name,
    count,
    href: hrefOf('overview', filterParam('event_type', name)),
  }));
  return (
    <Panel
      title="Event types, last 7 days"
      footer={
        <HowCounted
          method="exact"
          what="Processed events by type, equal to what the analytics answer; rates are taken over the last seconds, latencies of this minute and the one before."
          answer={now}
          asOf={Date.parse(now.ts)}
        />
      }
    >
      {rows.length === 0 ? (
        <FirstEvent />
      ) : (
        <BarTable rows={rows} total={now.total_events} caption="Event types" unit="Events" most={12} />
      )}
    </Panel>
  );
}
