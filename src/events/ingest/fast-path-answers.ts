import { Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { CallLog } from '../../audit/call-log/call-log.js';
import { RateLimiter } from '../../auth/limits/rate-limiter.js';
import { setLimitHeaders, takeRequest } from '../../auth/limits/request-limit.js';
import { passBodyBy } from '../../platform/http/body/body.js';
import type { Principal } from '../../platform/http/principal.js';
import type { Problem } from '../../platform/http/problem.js';
import { problemAnswer } from '../../platform/http/problem.filter.js';
import { requestId } from '../../platform/http/request-id.js';
import { JSON_TYPE, send } from './fast-path.js';

/**
 * What Nest does for other requests, for those of the fast paths: request limit, answer or problem, and the call log.
 */
@Injectable()
export class FastPathAnswers {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly callLog: CallLog,
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
      this.callLog.finish(call, status, Buffer.byteLength(result), null);
      send(response, status, { 'Content-Type': JSON_TYPE }, result);
    } catch (error) {
      const problem = problemAnswer(error, request.url ?? '', id, adapt);
      if (!passBodyBy(request)) problem.headers['Connection'] = 'close';
      this.callLog.finish(call, problem.status, Buffer.byteLength(problem.body), problem.detail);
      send(response, problem.status, problem.headers, problem.body);
    }
  }

  /** Notes whose call it is and counts it, which the answer's headers tell. @throws Problem 429 */
  async admit(principal: Principal, call: OpenCall, response: ServerResponse): Promise<void> {
    call.principal = principal;
    await takeRequest(this.limiter, principal, (state) => setLimitHeaders(response, state));
  }
}
