import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import type { ApiCall } from '../../audit/call-log/api-call.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { truncateAddress } from '../../platform/http/truncated-address.js';

/** 25 days. A context may be deleted when all events of its time window are deleted. */
const PERIOD_MS = 2 ** 31;
/** A crawl with a new user agent per request must not fill the memory. */
const MAX_CACHED = 20_000;

export interface EventContext {
  /** 8 bytes that identify tenant, time window and content. */
  readonly id: Buffer;
  readonly tenantId: string;
  readonly userAgent: string | null;
  readonly address: string | null;
  /** Whether it is known to be committed; then it need not be sent again. */
  stored: boolean;
}

/** The contexts of events: what is kept of a request, each content once. Ingest pays one look-up per request. */
@Injectable()
export class EventContexts {
  private readonly cache = new LRUCache<string, EventContext>({ max: MAX_CACHED });

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** The context of the events of `call`; null when none is kept or known. */
  of(call: ApiCall | undefined): EventContext | null {
    const kept = this.config.EVENT_CONTEXT;
    if (call === undefined || kept === 'off') return null;
    const period = Math.floor(call.timestamp / PERIOD_MS);
    const key = `${call.tenantId}\0${period}\0${call.ip}\0${call.userAgent ?? ''}`;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const context = makeContext(call, kept, period);
    this.cache.set(key, context);
    return context;
  }
}

function makeContext(call: ApiCall, kept: 'full' | 'truncated' | 'user_agent', period: number): EventContext {
  const whole = kept === 'user_agent' ? null : call.ip;
  const address = kept === 'full' || whole === null ? whole : truncateAddress(whole);
  const digest = hash('sha256', `${call.tenantId}\0${period}\0${address ?? ''}\0${call.userAgent ?? ''}`, 'buffer');
  return {
    id: digest.subarray(0, 8),
    tenantId: call.tenantId,
    userAgent: call.userAgent,
    address,
    stored: false,
  };
}
