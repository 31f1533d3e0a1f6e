import type { Schema } from '../api/types.js';
import { clock, moment, zone } from './format.js';
import { Popover } from './popover.js';

export interface Counted {
  /** `exact`, or how it is estimated. */
  method: string;
  /** What is counted, and out of what. */
  what: string;
  /** Its range, and what it says of itself. */
  answer?: AnswerFacts | undefined;
  /** What it is narrowed to, in words. */
  narrowed?: string | undefined;
  /** When the answer came, in milliseconds since 1970. */
  asOf: number;
}

export type AnswerFacts = Partial<
  Pick<Schema<'AnalyticsQueryResponse'>, 'from' | 'to' | 'as_of' | 'engine' | 'sample'>
>;

/** Where a number comes from: exact or estimate, of which range, as of when. */
export function HowCounted({ method: usual, what, answer = {}, narrowed, asOf }: Counted) {
  const { from, to, as_of: counted, engine, sample } = answer;
  const method = sample === undefined ? usual : `estimate from 1 of ${1 / sample.rate} users: all events take too long`;
  const short = ['exact', 'not counted'].find((start) => method.startsWith(start)) ?? 'estimate';
  return (
    <Popover
      class="quiet"
      label={
        <>
          <span class="hidden">How counted: </span>
          {short} · as of {clock(counted ?? asOf)}
        </>
      }
    >
      <dl class="facts">
        <dt>How counted</dt>
        <dd>{what}</dd>
        <dt>Method</dt>
        <dd>{method}</dd>
        {from !== undefined && to !== undefined && (
          <>
            <dt>Range</dt>
            <dd>
              {moment(from)} up to {moment(to)}, {zone()}
            </dd>
          </>
        )}
        {narrowed !== undefined && (
          <>
            <dt>Filter</dt>
            <dd>{narrowed}</dd>
          </>
        )}
        {engine !== undefined && (
          <>
            <dt>Engine</dt>
            <dd>{engine}</dd>
          </>
        )}
        <dt>As of</dt>
        <dd>{moment(counted ?? asOf)}</dd>
      </dl>
    </Popover>
  );
}
