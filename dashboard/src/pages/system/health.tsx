import { ApiError } from '../../api/client.js';
import { useLoad } from '../../api/query.js';
import { duration } from '../../ui/format.js';
import { Panel, Show } from '../../ui/loaded.js';

interface Check {
  status: string;
  latency_ms?: number;
  backend?: string;
}

/** Probes stand outside of openapi.yaml's bodies: what they answer is in the contract's words, whatever the status. */
interface HealthAnswer {
  status: string;
  version: string;
  uptime_s: number;
  checks: Record<string, Check>;
}

async function load(): Promise<HealthAnswer> {
  const response = await fetch('/api/v1/health').catch(() => null);
  if (response === null) throw new ApiError(0, 'The server cannot be reached.');
  return (await response.json()) as HealthAnswer;
}

export function Health() {
  const loaded = useLoad(['/health'], load, { every: 5_000 });
  return (
    <Panel title="Health">
      <Show loaded={loaded}>
        {({ status, version, uptime_s: uptime, checks }) => (
          <dl class="facts">
            <dt>Service</dt>
            <dd class={status === 'healthy' ? 'good' : 'bad'}>{status}</dd>
            {Object.entries(checks).map(([name, check]) => (
              <>
                <dt key={name}>{name}</dt>
                <dd>
                  <span class={check.status === 'up' ? 'good' : 'bad'}>{check.status}</span>
                  {check.backend !== undefined && `, in ${check.backend}`}
                  {check.latency_ms !== undefined && `, ${duration(check.latency_ms)}`}
                </dd>
              </>
            ))}
            <dt>Version</dt>
            <dd>{version}</dd>
            <dt>Running for</dt>
            <dd>{duration(uptime * 1_000)}</dd>
          </dl>
        )}
      </Show>
    </Panel>
  );
}
