import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { clientAddress, trustedProxies } from '../platform/client-address.js';
import { CONFIG, type Config } from '../platform/config.js';
import { Repeating } from '../platform/repeating.js';
import { RequestNote } from '../platform/request-note.js';
import { MINUTE_MS } from '../platform/time.js';
import { truncateAddress } from '../platform/truncated-address.js';
import { type ApiCall, OpenCall } from './api-call.js';
import { ApiCallsRepository } from './api-calls.repository.js';

const PAUSE_MS = 500;
const MAX_BUFFERED = 20_000;
const ROWS_PER_INSERT = 1_000;
/** Refusals of one address and status that get a row of their own in a minute; the rest share one. */
const ROWS_PER_FLOOD = 10;

interface Flood {
  minute: number;
  rows: number;
  /** Stands for all beyond ROWS_PER_FLOOD. */
  folded: ApiCall | undefined;
}

/**
 * The trail of every API call. A call that changed something is written before its answer: with the change itself on the
 * ingest path, by the interceptor elsewhere. All others are buffered and written within a second, so a crash can lose the
 * last second of reads and refusals. Floods of 401 and 429 are folded per address and minute.
 */
@Injectable()
export class ApiCallTrail implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ApiCallTrail.name);
  private readonly trust: ReturnType<typeof trustedProxies>;
  private readonly open = new RequestNote<OpenCall>();
  private readonly floods = new Map<string, Flood>();
  private buffered: ApiCall[] = [];
  private dropped = 0;
  private readonly writing = new Repeating(
    PAUSE_MS,
    () => this.writeBuffered(),
    (error) => this.logger.warn(`call trail: ${error.message}`),
  );

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly calls: ApiCallsRepository,
  ) {
    this.trust = trustedProxies(config.TRUST_PROXY);
  }

  onApplicationBootstrap(): void {
    this.writing.start();
  }

  /** Runs after HTTP has drained: writes what is left. */
  async onApplicationShutdown(): Promise<void> {
    await this.writing.stop();
    this.closeFloods(Infinity);
    await this.writeBuffered();
  }

  /** The call that `request` began; the same object each time. */
  callOf(request: IncomingMessage): OpenCall {
    let call = this.open.get(request);
    if (call === undefined) {
      call = new OpenCall(request, this.addressOf(request));
      this.open.set(request, call);
    }
    return call;
  }

  private addressOf(request: IncomingMessage): string | null {
    const address = clientAddress(request, this.trust);
    return this.config.EVENT_CONTEXT === 'truncated' ? truncateAddress(address) : address;
  }

  /** Writes the call before it is answered. */
  async write(call: OpenCall, statusCode: number): Promise<void> {
    await this.calls.insert([call.toApiCall(statusCode, null, null)]);
    call.recorded = true;
  }

  /** Notes an answered call, unless it is written already. */
  finish(call: OpenCall, statusCode: number, responseBytes: number | null, error: string | null): void {
    if (call.recorded) return;
    call.recorded = true;
    const row = call.toApiCall(statusCode, responseBytes, error);
    if (statusCode === 401 || statusCode === 429) this.fold(row);
    else this.buffer(row);
  }

  private fold(row: ApiCall): void {
    const key = `${row.ip} ${row.statusCode} ${row.tenantId} ${row.keyId}`;
    const minute = Math.floor(row.timestamp / MINUTE_MS);
    let flood = this.floods.get(key);
    if (flood?.minute !== minute) {
      if (flood?.folded !== undefined) this.buffer(flood.folded);
      this.floods.set(key, (flood = { minute, rows: 0, folded: undefined }));
    }
    flood.rows += 1;
    if (flood.rows <= ROWS_PER_FLOOD) this.buffer(row);
    else if (flood.folded === undefined) flood.folded = row;
    else flood.folded.calls += 1;
  }

  /** Takes the rows of floods of minutes before `minute` into the buffer. */
  private closeFloods(minute: number): void {
    for (const [key, flood] of this.floods) {
      if (flood.minute >= minute) continue;
      if (flood.folded !== undefined) this.buffer(flood.folded);
      this.floods.delete(key);
    }
  }

  private buffer(row: ApiCall): void {
    if (this.buffered.length < MAX_BUFFERED) this.buffered.push(row);
    else this.dropped += 1;
  }

  private async writeBuffered(): Promise<void> {
    this.closeFloods(Math.floor(Date.now() / MINUTE_MS));
    if (this.dropped > 0) this.logger.error(`call trail: ${this.dropped} calls dropped while the database was away`);
    this.dropped = 0;
    while (this.buffered.length > 0) {
      const rows = this.buffered.slice(0, ROWS_PER_INSERT);
      await this.calls.insert(rows); // on failure they stay, and an insert that did commit is not repeated
      this.buffered = this.buffered.slice(rows.length);
    }
  }
}
