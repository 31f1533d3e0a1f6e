import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Socket } from 'socket.io-client';
import { tenantId } from '../../api/client.js';
import { refresh } from '../../api/query.js';
import { param, setParams } from '../../app/router.js';
import type { Acknowledgement } from '../../live/message.js';
import { connect } from '../../live/socket.js';
import { type AuditEntry, facetFilters, isFollowable } from './filters.js';

const KEPT = 200;

const isFollowing = () => param('follow') !== 'off';

export function FollowChoice() {
  const on = isFollowing();
  return (
    <button type="button" class="button" aria-pressed={on} onClick={() => setParams({ follow: on ? 'off' : null })}>
      <span class={on ? 'live' : 'live off'}>{on ? 'following' : 'follow'}</span>
    </button>
  );
}

/** Entries as they are recorded, newest first. After a break it goes on where it was. */
export function useFollowed(): readonly AuditEntry[] {
  const arrived = useSignal<AuditEntry[]>([]);
  const filter = JSON.stringify(facetFilters());
  const isOn = isFollowing();
  useEffect(() => {
    arrived.value = [];
    if (!isOn) return;
    return tail(JSON.parse(filter) as object, (entry) => {
      arrived.value = [entry, ...arrived.peek()].slice(0, KEPT);
      if (!isFollowable()) void refresh('/logs');
    });
  }, [filter, isOn, tenantId.value]);
  return arrived.value;
}

function tail(filter: object, take: (entry: AuditEntry) => void): () => void {
  let socket: Socket | undefined;
  let isWanted = true;
  let last: string | undefined;
  void connect('logs').then((opened) => {
    socket = opened;
    if (!isWanted) return void opened.close();
    opened.on('connect', () => {
      const tenant = tenantId.value === null ? {} : { tenant_id: tenantId.value };
      const after = last === undefined ? {} : { after: last };
      opened.emit('subscribe', { ...filter, ...tenant, ...after }, (_answer: Acknowledgement) => undefined);
    });
    opened.on('log', (entry: AuditEntry) => {
      last = entry.id;
      take(entry);
    });
  });
  return () => {
    isWanted = false;
    socket?.close();
  };
}
