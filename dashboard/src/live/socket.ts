import type { Socket } from 'socket.io-client';
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { tenantId } from '../api/client.js';
import type { Acknowledgement, Metrics } from './message.js';

/** The newest message of `/metrics`; null while nothing comes. */
export const metrics = signal<Metrics | null>(null);
/** Why nothing comes; null while all is well. */
export const liveFault = signal<string | null>(null);

let users = 0;
let close: (() => void) | undefined;

/** A connection to a namespace with the cookie of the session. Loaded when it is first needed. */
export async function connect(namespace: string): Promise<Socket> {
  const { io } = await import('socket.io-client');
  return io(`/${namespace}`, { transports: ['websocket'], forceNew: true });
}

/** Keeps `metrics` up to date while the component lives; all components share one connection. */
export function useMetrics(): void {
  const tenant = tenantId.value;
  useEffect(() => {
    users += 1;
    if (users === 1) close = open(tenant);
    return () => {
      users -= 1;
      if (users > 0) return;
      close?.();
      close = undefined;
      metrics.value = null;
    };
  }, [tenant]);
}

function open(tenant: string | null): () => void {
  let isWanted = true;
  let socket: Socket | undefined;
  void connect('metrics').then((opened) => {
    socket = opened;
    if (!isWanted) return void opened.close();
    listen(opened, tenant);
  });
  return () => {
    isWanted = false;
    socket?.close();
  };
}

function listen(socket: Socket, tenant: string | null): void {
  socket.on('connect', () => {
    const asked = tenant === null ? {} : { tenant_id: tenant };
    socket.emit('subscribe', asked, (answer: Acknowledgement) => {
      liveFault.value = answer.ok ? null : answer.error;
    });
  });
  socket.on('metrics', (message: Metrics) => (metrics.value = message));
  socket.on('connect_error', (error) => (liveFault.value = error.message));
  socket.on('cut', ({ detail }: { detail: string }) => (liveFault.value = detail));
  socket.on('disconnect', () => (metrics.value = null));
}
