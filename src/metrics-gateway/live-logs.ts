import { Injectable, Logger } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { toResponse } from '../audit/entries/entry-response.js';
import { LiveEntriesRepository, type LogPlace } from '../audit/search/live-entries.repository.js';
import { notFound } from '../platform/http/problem.js';
import { RareWarning } from '../platform/logging/rare-warning.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { type LogSubscription, matches } from './subscriptions.dto.js';
import { isBehind } from './slow-readers.js';
import { cut } from './socket-access.js';

const PAUSE_MS = 500;
const PLACES_PER_READ = 100;
/** Of one socket in one round, so that a long replay does not keep the others waiting. */
const READS_PER_ROUND = 10;
const MAX_WAITING = 10_000;

interface Reader {
  tenantId: string;
  subscription: LogSubscription;
  /** Place of the next entry to send. */
  next: number;
  /** Entries recorded before the subscription that had no place then. */
  known: Set<string>;
  /** Sends nothing up to and with this entry, which had no place yet. */
  until: string | undefined;
}

/**
 * The audit log as it grows. Every socket has its place in the log and is sent what comes after it, in the order of the
 * tree, when it has read what it was sent before: so nothing is lost or sent twice, a slow reader holds no more than a
 * few messages, and any number of API processes send the same.
 */
@Injectable()
export class LiveLogs {
  private readonly warning = new RareWarning(new Logger(LiveLogs.name));
  private readonly readers = new Map<Socket, Reader>();

  constructor(
    private readonly entries: LiveEntriesRepository,
    tasks: PeriodicTasks,
  ) {
    tasks.add({
      name: 'live-logs',
      schedule: { pauseMs: PAUSE_MS },
      run: () => this.sendNew(),
      onError: (error) => this.warning.warn(`live logs not sent: ${error.message}`),
    });
  }

  /**
   * From now on the socket gets the new entries of the tenant; with `after` those since that entry first. @throws
   * Problem 404
   */
  async subscribe(socket: Socket, tenantId: string, subscription: LogSubscription): Promise<void> {
    const reader = await this.placeReader(tenantId, subscription);
    if (socket.connected) this.readers.set(socket, reader);
  }

  unsubscribe(socket: Socket): void {
    this.readers.delete(socket);
  }

  private async placeReader(tenantId: string, subscription: LogSubscription): Promise<Reader> {
    const after = subscription.after?.toLowerCase();
    const place = after === undefined ? 'end' : await this.entries.findPlace(tenantId, after);
    if (place === null) throw notFound('There is no audit entry with the id in "after".');
    const reader = { tenantId, subscription, known: new Set<string>(), until: undefined };
    if (typeof place === 'number') return { ...reader, next: place + 1 };
    // First what waits, then the end: an entry that gets its place in between is in both, and left out.
    const waiting = place === 'end' ? await this.entries.listWaiting(tenantId, MAX_WAITING) : [];
    const [tenant] = await this.entries.findEnds([tenantId]);
    const next = tenant?.end ?? 0;
    if (place === 'end') return { ...reader, next, known: new Set(waiting) };
    // It may have got its place by now.
    const now = await this.entries.findPlace(tenantId, after!);
    return typeof now === 'number' ? { ...reader, next: now + 1 } : { ...reader, next, until: after };
  }

  private async sendNew(): Promise<void> {
    if (this.readers.size === 0) return;
    const tenantIds = [...new Set([...this.readers.values()].map(({ tenantId }) => tenantId))];
    const ends = new Map((await this.entries.findEnds(tenantIds)).map((tenant) => [tenant.tenantId, tenant]));
    const round = new Round(this.entries);
    for (const [socket, reader] of [...this.readers]) {
      const tenant = ends.get(reader.tenantId);
      if (tenant?.isActive !== true) cut(socket, 403, `The tenant ${reader.tenantId} is not active.`);
      else await this.sendTo(socket, reader, tenant.end, round);
    }
  }

  private async sendTo(socket: Socket, reader: Reader, end: number, round: Round): Promise<void> {
    for (let reads = 0; reads < READS_PER_ROUND && reader.next < end; reads++) {
      const places = await round.read(reader.tenantId, reader.next);
      if (places.length === 0) return;
      for (const { index, entry } of places) {
        // Whoever subscribed anew meanwhile, or left, has another place; whoever is behind goes on later.
        if (this.readers.get(socket) !== reader || isBehind(socket)) return;
        reader.next = index + 1;
        if (entry !== null && isNews(reader, entry.id) && matches(reader.subscription, entry)) {
          socket.emit('log', toResponse(entry));
        }
      }
    }
  }
}

function isNews(reader: Reader, id: string): boolean {
  if (reader.until !== undefined) {
    if (reader.until === id) reader.until = undefined;
    return false;
  }
  return !reader.known.delete(id);
}

/** Sockets at the same place share what is read for them. */
class Round {
  private readonly reads = new Map<string, LogPlace[]>();

  constructor(private readonly entries: LiveEntriesRepository) {}

  async read(tenantId: string, index: number): Promise<LogPlace[]> {
    const key = `${tenantId} ${index}`;
    let places = this.reads.get(key);
    if (places === undefined) {
      places = await this.entries.list(tenantId, index, PLACES_PER_READ);
      // One of each tenant is enough: most sockets stand at the same place, and replays need not be kept.
      for (const other of this.reads.keys())
        if (other.startsWith(tenantId) && this.reads.size > 8) this.reads.delete(other);
      this.reads.set(key, places);
    }
    return places;
  }
}
