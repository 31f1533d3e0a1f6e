import { clock, moment, zone } from './format.js';
import { Popover } from './popover.js';

export interface Counted {
  /** `exact`, or how it is estimated. */
  method: string;
  /** What is counted, and out of what. */
  what: string;
  from?: string | undefined;
  to?: string | undefined;
  /** Milliseconds since 1970. */
  asOf: number;
}

/** Where a number comes from: exact or estimate, of which range, as of when. */
export function HowCounted({ method, what, from, to, asOf }: Counted) {
  const short = method.startsWith('exact') ? 'exact' : 'estimate';
  return (
    <Popover
      class="quiet"
      label={
        <>
          <span class="hidden">How counted: </span>
          {short} · as of {clock(asOf)}
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
        <dt>As of</dt>
        <dd>{moment(asOf)}</dd>
      </dl>
    </Popover>
  );
}
