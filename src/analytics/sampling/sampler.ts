import { Injectable } from '@nestjs/common';
import { Database, sqlState } from '../../platform/database/database.js';
import type { TimeRange } from '../../platform/time/time.js';
import { countEventVolume } from './event-volume-sql.js';
import {
  type Effort,
  oneInFor,
  oneInOf,
  type Sample,
  type SampleDescription,
  type Sampled,
  type SampledUnit,
  type Sampling,
} from './sample.js';

/** The half of the time limit of a read: the sample has as much again, and more. */
const EXACT_MS = 5_000;
/** Read and counted within a second or two, standing on a cold disk too. */
const SAMPLED_EVENTS = 250_000;
/** SQLSTATE of a statement that ran into its time limit. */
const STOPPED = '57014';

export interface SampledQuestion {
  range: TimeRange;
  /** Without events of these types nothing counts; null for all types. */
  types: readonly string[] | null;
  unit: SampledUnit;
}

/** Answers from all events while there is time, else from those of a sample of users, and says so. */
@Injectable()
export class Sampler {
  /** Tests lower it to run into it with little data. */
  exactMs = EXACT_MS;
  /** As well. */
  sampledEvents = SAMPLED_EVENTS;

  constructor(private readonly database: Database) {}

  /**
   * Calls `ask` once, or a second time with a sample.
   * @returns its answer, which says when it is that of a sample
   */
  async answer<T extends object>(
    tenantId: string,
    question: SampledQuestion,
    sampling: Sampling,
    ask: (effort: Effort) => Promise<T>,
  ): Promise<T & Sampled> {
    const { unit } = question;
    const asked = oneInOf(sampling);
    if (asked !== null) return takeSample({ unit, oneIn: asked }, 'asked', ask);
    if (sampling === 'never') return ask({});
    try {
      return await ask({ withinMs: this.exactMs });
    } catch (error) {
      if (sqlState(error) !== STOPPED) throw error;
    }
    const { range, types } = question;
    const events = await this.database.readOnReplica(tenantId, (sql) => countEventVolume(sql, tenantId, range, types));
    return takeSample({ unit, oneIn: oneInFor(events, this.sampledEvents) }, 'time_limit', ask);
  }
}

async function takeSample<T extends object>(
  sample: Sample,
  reason: SampleDescription['reason'],
  ask: (effort: Effort) => Promise<T>,
): Promise<T & Sampled> {
  const found = await ask({ sample });
  return { ...found, sample: { method: sample.unit, rate: 1 / sample.oneIn, reason } };
}
