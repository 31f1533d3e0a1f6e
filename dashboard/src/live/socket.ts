import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { tenantId } from '../api/client.js';
import { Connection } from './connection.js';
import type { Acknowledgement, Metrics } from './message.js';

/** The newest message of `/metrics`; null while nothing comes. */
export const metrics = signal<Metrics | null>(null);
/** Why nothing comes; null while all is well. */
export const liveFault = signal<string | null>(null);

let users = 0;
let connection: Connection | undefined;

/** Keeps `metrics` up to date while the component lives; all components share one connection. */
export function useMetrics(): void {
  const tenant = tenantId.value;
  useEffect(() => {
    users += 1;
    if (users === 1) connection = open(tenant);
    return () => {
      users -= 1;
      if (users > 0) return;
      connection?.close();
      metrics.value = null;
    };
  }, [tenant]);
}

function open(tenant: string | null): Connection {
  return new Connection('metrics', {
    connected: (own) => {
      const asked = tenant === null ? {} : { tenant_id: tenant };
      own.emit('subscribe', asked, (answer) => {
        const acknowledgement = answer as Acknowledgement;
        liveFault.value = acknowledgement.ok ? null : acknowledgement.error;
      });
    },
    event: (name, value) => {
      if (name === 'metrics') metrics.value = value as Metrics;
      if (name === 'cut') liveFault.value = (value as { detail: string }).detail;
    },
    broken: (reason) => {
      metrics.value = null;
      if (reason !== null) liveFault.value = reason;
    },
  });
}
