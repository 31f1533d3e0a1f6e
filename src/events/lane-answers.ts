import { Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { OpenCall } from '../audit/api-call.js';
import { ApiCallTrail } from '../audit/api-call-trail.js';
import { RateLimiter } from '../auth/rate-limiter.js';
import { setLimitHeaders, takeRequest } from '../auth/request-limit.js';
import { passBodyBy } from '../platform/body.js';
import type { Principal } from '../platform/principal.js';
import type { Problem } from '../platform/problem.js';
import { problemAnswer } from '../platform/problem.filter.js';
import { requestId } from '../platform/request-id.js';
import { JSON_TYPE, send } from './lane.js';

/** What Nest does for other requests, for those of the lanes: request limit, answer or problem, and the call trail. */
@Injectable()
export class LaneAnswers {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly trail: ApiCallTrail,
  ) {}

  /**
   * Answers with `status` and what `work` makes of the call. Never rejects.
   * @param adapt makes a problem what the clients of this address understand
   */
  async answer(
    call: OpenCall,
    response: ServerResponse,
    status: number,
    work: () => Promise<unknown>,
    adapt?: (problem: Problem) => Problem,
  ): Promise<void> {
    const { request } = call;
    const id = requestId(request);
    response.setHeader('X-Request-Id', id);
    try {
      const result = JSON.stringify(await work());
      this.trail.finish(call, status, Buffer.byteLength(result), null);
      send(response, status, { 'Content-Type': JSON_TYPE }, result);
    } catch (error) {
      const problem = problemAnswer(error, request.url ?? '', id, adapt);
      if (!passBodyBy(request)) problem.headers['Connection'] = 'close';
      this.trail.finish(call, problem.status, Buffer.byteLength(problem.body), problem.detail);
      send(response, problem.status, problem.headers, problem.body);
    }
  }

  /** Notes whose call it is and counts it, which the answer's headers tell. @throws Problem 429 */
  async admit(principal: Principal, call: OpenCall, response: ServerResponse): Promise<void> {
    call.principal = principal;
    await takeRequest(this.limiter, principal, (state) => setLimitHeaders(response, state));
  }
}
