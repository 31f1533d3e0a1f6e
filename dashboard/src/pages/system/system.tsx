import { useGet } from '../../api/query.js';
import { Header, ZoneChoice } from '../../app/header.js';
import { session } from '../../api/client.js';
import { may } from '../../app/session.js';
import { Rate } from '../../live/rate.js';
import { duration, exact, moment } from '../../ui/format.js';
import { HowCounted } from '../../ui/how-counted.js';
import { Panel, Show } from '../../ui/loaded.js';
import { Checkpoint } from './checkpoint.js';
import { Health } from './health.js';
import { Holds } from './holds.js';
import { Policies } from './policies.js';
import { Runs } from './runs.js';
import { SampleData } from './sample-data.js';
import { Storage } from './storage.js';

export default function System() {
  return (
    <>
      <Header title="System">
        <Rate />
        <ZoneChoice />
      </Header>
      <div class="grid first">
        <Health />
        <Checkpoint />
        <Queues />
        {may('admin') && <Policies />}
        {may('admin') && <Holds />}
        {may('platform') && <Storage />}
        <Access />
        {may('platform') && <Runs />}
        <SampleData />
      </div>
    </>
  );
}

function Queues() {
  const loaded = useGet('/analytics/queue-status', {}, { every: 5_000 });
  return (
    <Panel
      title="Queues"
      class="wide"
      footer={
        <HowCounted
          method="exact"
          what="Jobs by state, and this tenant's accepted events that are not counted yet."
          asOf={loaded.asOf}
        />
      }
    >
      <Show loaded={loaded}>
        {({ pending_events: pending, oldest_pending_age_s: age, dead_letters: { open, dead }, queues }) => (
          <>
            <p>
              {exact(pending)} events of this tenant wait{pending > 0 && `, the oldest for ${duration(age * 1_000)}`}.{' '}
              {exact(open)} dead letters wait for a retry, {exact(dead)} for a person.{' '}
              {may('platform') && (
                <a href="/queues" target="_blank" rel="noreferrer">
                  Queue board
                </a>
              )}
            </p>
            <div class="scroll gap" tabIndex={0} role="region" aria-label="Queues">
              <table class="rows">
                <thead>
                  <tr>
                    <th scope="col">Queue</th>
                    {['Waiting', 'Active', 'Delayed', 'Completed', 'Failed'].map((name) => (
                      <th key={name} scope="col" class="number">
                        {name}
                      </th>
                    ))}
                    <th scope="col">State</th>
                  </tr>
                </thead>
                <tbody>
                  {queues.map((queue) => (
                    <tr key={queue.name}>
                      <th scope="row">{queue.name}</th>
                      {[queue.waiting, queue.active, queue.delayed, queue.completed, queue.failed].map((count, n) => (
                        <td key={n} class="number">
                          {exact(count)}
                        </td>
                      ))}
                      <td class={queue.paused === false ? 'good' : 'warn'}>
                        {queue.paused === null ? 'away' : queue.paused ? 'paused' : 'running'}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </Show>
    </Panel>
  );
}

function Access() {
  const info = session.value!;
  const { limit, window_s: window } = info.rate_limit;
  return (
    <Panel title="Signed in">
      <dl class="facts">
        <dt>Tenant</dt>
        <dd>{info.tenant.name}</dd>
        <dt>Tenant id</dt>
        <dd class="mono">{info.tenant.id}</dd>
        <dt>Key</dt>
        <dd>{info.key_name}</dd>
        <dt>May</dt>
        <dd>{info.scopes.join(', ')}</dd>
        <dt>Limit</dt>
        <dd>
          {exact(limit)} requests per {window} s
        </dd>
        {info.session !== undefined && (
          <>
            <dt>Ends</dt>
            <dd>{moment(info.session.expires_at)}, or when the key does</dd>
          </>
        )}
      </dl>
    </Panel>
  );
}
