import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import type { Namespace, Socket } from 'socket.io';
import { LiveCountsRepository } from '../analytics/rollups/live-counts.repository.js';
import { RareWarning } from '../platform/logging/rare-warning.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { DAY_MS, MINUTE_MS, type TimeRange } from '../platform/time/time.js';
import { type MetricsMessage, type Moment, type Sample, type Target, toMessage } from './live-sample.js';
import { isBehind } from './slow-readers.js';
import { cut } from './socket-access.js';

const TICK_MS = 1_000;
/** Rates are taken over the moments of so many milliseconds. */
const WINDOW_MS = 5_500;
const TOTALS_DAYS = 7;

interface Watched {
  sample: Sample;
  /** Oldest first; the last one is the sample's. */
  moments: Moment[];
}

/**
 * Live metrics. Once a second one query reads, for all tenants that have subscribers at this process, what is
 * committed, and every room gets its part. Nothing passes from process to process, so any number of them agree.
 */
@Injectable()
export class LiveMetrics implements BeforeApplicationShutdown {
  private readonly warning = new RareWarning(new Logger(LiveMetrics.name));
  private readonly targets = new Map<string, Target>();
  private readonly watched = new Map<string, Watched>();
  private namespace: Namespace;
  private since = 0;
  private reading: Promise<void> = Promise.resolve();
  private waitingRead: Promise<void> | undefined;

  constructor(
    private readonly counts: LiveCountsRepository,
    tasks: PeriodicTasks,
  ) {
    tasks.add({
      name: 'live-metrics',
      schedule: { everyMs: TICK_MS },
      run: () => this.sendAll(),
      onError: (error) => this.warning.warn(`live metrics not sent: ${error.message}`),
    });
  }

  /** Rooms come and go with their sockets; each is a target to read for. */
  attach(namespace: Namespace): void {
    this.namespace = namespace;
    namespace.adapter.on('create-room', (room: string) => {
      const target = toTarget(room);
      if (target !== null) this.targets.set(room, target);
    });
    namespace.adapter.on('delete-room', (room: string) => this.targets.delete(room));
  }

  /** How many tenants are read once a second. */
  get watchedTenants(): number {
    return this.watched.size;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.reading.catch(() => undefined); // whoever started it reports it
  }

  /** From now on the socket gets the metrics of `target`, and of nothing else. */
  async subscribe(socket: Socket, target: Target): Promise<void> {
    await this.unsubscribe(socket);
    await socket.join(toRoom(target));
  }

  async unsubscribe(socket: Socket): Promise<void> {
    for (const room of [...socket.rooms]) if (toTarget(room) !== null) await socket.leave(room);
  }

  /** The first message, at once. Best effort: if it cannot be read now, the next second tries again. */
  async greet(socket: Socket, target: Target): Promise<void> {
    try {
      if (!this.isFresh(target)) await this.read();
    } catch (error) {
      this.warning.warn(`live metrics not read: ${(error as Error).message}`);
    }
    // Not volatile: the acknowledgement before it may still be on its way out, and then it would be left out.
    if (socket.rooms.has(toRoom(target)) && !isBehind(socket)) this.send(target, socket);
  }

  private isFresh({ tenantId, clientId }: Target): boolean {
    const sample = this.watched.get(tenantId)?.sample;
    if (sample === undefined || performance.now() - sample.moment.at > TICK_MS) return false;
    return clientId === null || sample.isAttributed;
  }

  private send(target: Target, to: { emit(event: 'metrics', message: MetricsMessage): unknown }): void {
    const watched = this.watched.get(target.tenantId);
    if (watched === undefined) return;
    to.emit('metrics', toMessage(target, watched.sample, watched.moments[0] ?? watched.sample.moment));
  }

  /** Without the database the sockets stay and wait. */
  private async sendAll(): Promise<void> {
    await this.read();
    for (const [room, target] of this.targets) this.send(target, this.namespace.to(room).volatile);
  }

  /** One read at a time; whoever asks meanwhile shares the next one. */
  private read(): Promise<void> {
    this.waitingRead ??= this.reading = this.reading
      .catch(() => undefined) // whoever asked for it has the error
      .then(() => {
        this.waitingRead = undefined;
        return this.readAll();
      });
    return this.waitingRead;
  }

  private async readAll(): Promise<void> {
    const targets = [...this.targets.values()];
    const tenantIds = [...new Set(targets.map(({ tenantId }) => tenantId))];
    for (const tenantId of this.watched.keys()) if (!tenantIds.includes(tenantId)) this.watched.delete(tenantId);
    if (tenantIds.length === 0) return;
    const attributed = new Set(targets.filter(({ clientId }) => clientId !== null).map(({ tenantId }) => tenantId));
    const range = currentRange();
    const rows = await this.counts.list(tenantIds, range, this.endedSince(range), [...attributed]);
    const at = performance.now();
    for (const counts of rows) {
      const { ended, pending, waiting, tenant_id } = counts;
      const moment = { at, ended, pending, waiting };
      this.keep({ moment, timestamp: Date.now(), range, counts, isAttributed: attributed.has(tenant_id) });
    }
    const active = new Set(rows.map(({ tenant_id }) => tenant_id));
    for (const tenantId of tenantIds) if (!active.has(tenantId)) this.cutTenant(tenantId);
  }

  /** Totals that rates are taken from must begin on the same day as long as anybody watches. */
  private endedSince(range: TimeRange): number {
    if (this.watched.size === 0) this.since = Math.floor(range.to / DAY_MS) * DAY_MS - DAY_MS;
    return this.since;
  }

  private keep(sample: Sample): void {
    const { tenant_id } = sample.counts;
    const earlier = this.watched.get(tenant_id)?.moments ?? [];
    const moments = earlier.filter(({ at }) => sample.moment.at - at <= WINDOW_MS);
    this.watched.set(tenant_id, { sample, moments: [...moments, sample.moment] });
  }

  /** A tenant that is not active any more, watched by a key of another one. Its own keys are cut by SocketAccess. */
  private cutTenant(tenantId: string): void {
    this.watched.delete(tenantId);
    for (const [room, target] of this.targets) {
      if (target.tenantId !== tenantId) continue;
      for (const id of [...(this.namespace.adapter.rooms.get(room) ?? [])]) {
        const socket = this.namespace.sockets.get(id);
        if (socket !== undefined) cut(socket, 403, `The tenant ${tenantId} is not active.`);
      }
    }
  }
}

/** Whole minutes, so that rollups alone answer; the last one is the minute that runs. */
function currentRange(now = Date.now()): TimeRange {
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return { from: minute - TOTALS_DAYS * DAY_MS, to: minute + MINUTE_MS };
}

const UUID_LENGTH = 36;

/**
 * `<tenant>/<client>`, without a client for the whole tenant. Every socket is also in a room of its own id, which is
 * shorter.
 */
function toRoom({ tenantId, clientId }: Target): string {
  return `${tenantId}/${clientId ?? ''}`;
}

function toTarget(room: string): Target | null {
  if (room[UUID_LENGTH] !== '/') return null;
  const clientId = room.slice(UUID_LENGTH + 1);
  return { tenantId: room.slice(0, UUID_LENGTH), clientId: clientId === '' ? null : clientId };
}
