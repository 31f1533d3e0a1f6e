import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { clientAddress, trustedProxies } from '../../platform/http/client-address.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { PeriodicTasks } from '../../platform/scheduling/periodic-tasks.js';
import { RequestNote } from '../../platform/http/request-note.js';
import { truncateAddress } from '../../platform/http/truncated-address.js';
import { type ApiCall, OpenCall } from './api-call.js';
import { ApiCallsRepository } from './api-calls.repository.js';
import { FoldedCalls } from './folded-calls.js';
import { GroupedWrites } from './grouped-writes.js';

const PAUSE_MS = 500;
const MAX_BUFFERED = 20_000;
const ROWS_PER_INSERT = 1_000;

/**
 * The log of every API call. A call that changed something is written before its answer: with the change itself on the
 * ingest path, by the interceptor elsewhere. All others are buffered and written within a second, so a crash can lose
 * the last second of reads and refusals. Calls without a principal, which anybody can make, and refused keys are
 * folded.
 */
@Injectable()
export class CallLog implements OnApplicationShutdown {
  private readonly logger = new Logger(CallLog.name);
  private readonly trust: ReturnType<typeof trustedProxies>;
  private readonly open = new RequestNote<OpenCall>();
  /** Separate, so that a flood without a key takes no row from calls with one. */
  private readonly strangers = new FoldedCalls();
  private readonly refusedKeys = new FoldedCalls();
  private readonly grouped: GroupedWrites<ApiCall>;
  private buffered: ApiCall[] = [];
  private dropped = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly calls: ApiCallsRepository,
    tasks: PeriodicTasks,
  ) {
    this.trust = trustedProxies(config.TRUST_PROXY);
    this.grouped = new GroupedWrites((rows) => this.calls.insert(rows), ROWS_PER_INSERT);
    tasks.add({
      name: 'call-log',
      schedule: { pauseMs: PAUSE_MS },
      run: () => this.writeBuffered(),
      onError: (error) => this.logger.warn(`call log: ${error.message}`),
    });
  }

  /** Runs after HTTP has drained: writes what is left. */
  async onApplicationShutdown(): Promise<void> {
    try {
      await this.writeBuffered(Infinity);
    } catch (error) {
      this.logger.error(`call log: ${this.buffered.length} calls are lost: ${(error as Error).message}`);
    }
  }

  /** The call of `request`; the same object each time. */
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
    return address === null || this.config.EVENT_CONTEXT !== 'truncated' ? address : truncateAddress(address);
  }

  /** Writes the call before it is answered, in one commit with others that come at the same time. */
  async write(call: OpenCall, statusCode: number): Promise<void> {
    await this.grouped.add(call.toApiCall(statusCode, null, null));
    call.recorded = true;
  }

  /** Notes an answered call, unless it is written already. */
  finish(call: OpenCall, statusCode: number, responseBytes: number | null, error: string | null): void {
    if (call.recorded) return;
    call.recorded = true;
    const row = call.toApiCall(statusCode, responseBytes, error);
    if (call.principal === undefined) this.fold(this.strangers, row);
    else if (statusCode === 401 || statusCode === 429) this.fold(this.refusedKeys, row);
    else this.buffer(row);
  }

  private fold(folded: FoldedCalls, row: ApiCall): void {
    const { row: own, ended } = folded.take(row);
    for (const call of ended) this.buffer(call);
    if (own !== null) this.buffer(own);
  }

  private buffer(row: ApiCall): void {
    if (this.buffered.length < MAX_BUFFERED) this.buffered.push(row);
    else this.dropped += 1;
  }

  private async writeBuffered(now = Date.now()): Promise<void> {
    for (const folded of [this.strangers, this.refusedKeys]) for (const row of folded.end(now)) this.buffer(row);
    if (this.dropped > 0) this.logger.error(`call log: ${this.dropped} calls dropped while the database was away`);
    this.dropped = 0;
    while (this.buffered.length > 0) {
      const rows = this.buffered.slice(0, ROWS_PER_INSERT);
      await this.calls.insert(rows); // on failure they stay buffered; an insert that did commit is not repeated
      this.buffered = this.buffered.slice(rows.length);
    }
  }
}
