import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { textArray, timestamptzArray, uuidArray } from '../../platform/database/pg-arrays.js';
import { toIso } from '../../platform/http/query.dto.js';
import type { TimeRange } from '../../platform/time/time.js';
import { parseUuid } from '../../platform/database/uuid7.js';
import type { ApiCall } from './api-call.js';
import type { ApiCallResponse } from './api-calls.dto.js';

const COLUMNS = `tenant_id, id, request_id, client_id, key_id, method, path, route, status_code, duration_ms, ip,
  user_agent, request_bytes, response_bytes, error, calls, timestamp`;

/** The columns of calls as parameters from `$first` on, in the order of {@link apiCallColumns}. */
export function unnestApiCalls(first: number): string {
  const types = ['uuid', 'uuid', 'text', 'text', 'uuid', 'text', 'text', 'text', 'int', 'float8', 'text', 'text'];
  types.push('int', 'int', 'text', 'int', 'timestamptz');
  return `unnest(${types.map((type, n) => `$${first + n}::${type}[]`).join(', ')}) as c (${COLUMNS})`;
}

export const INSERT_API_CALLS = `insert into api_audit_logs (${COLUMNS}) select ${COLUMNS} from`;

export function apiCallColumns(calls: readonly ApiCall[]): unknown[] {
  return [
    uuidArray(calls.map((call) => parseUuid(call.tenantId))),
    uuidArray(calls.map((call) => call.id)),
    textArray(calls.map((call) => call.requestId)),
    textArray(calls.map((call) => call.clientId)),
    calls.map((call) => call.keyId),
    textArray(calls.map((call) => call.method)),
    textArray(calls.map((call) => call.path)),
    textArray(calls.map((call) => call.route)),
    calls.map((call) => call.statusCode),
    calls.map((call) => call.durationMs),
    textArray(calls.map((call) => call.ip)),
    textArray(calls.map((call) => call.userAgent)),
    calls.map((call) => call.requestBytes),
    calls.map((call) => call.responseBytes),
    textArray(calls.map((call) => call.error)),
    calls.map((call) => call.calls),
    timestamptzArray(calls.map((call) => call.timestamp)),
  ];
}

export interface ApiCallFilter {
  method?: string | undefined;
  endpoint?: string | undefined;
  status_code?: number | undefined;
  min_status?: number | undefined;
  client_id?: string | undefined;
  request_id?: string | undefined;
}

/**
 * Newest first along the primary key. The id holds the time, so the range is also a range of ids. A call that stored
 * records has the id of one of them, which is made when its body has arrived.
 */
const LIST = `/* apiCalls.list */
select id, request_id, tenant_id, client_id, key_id, method, path, route, status_code, duration_ms, ip, user_agent,
       request_bytes, response_bytes, error, calls, timestamp
from api_audit_logs
where tenant_id = $1 and timestamp >= $2 and timestamp < $3
  and id >= uuid7_lower_bound($2) and id < uuid7_lower_bound($3::timestamptz + interval '10 minutes')
  and ($4::text is null or method = $4) and ($5::text is null or strpos(path, $5) > 0)
  and ($6::int is null or status_code = $6) and ($7::int is null or status_code >= $7)
  and ($8::text is null or client_id = $8) and ($9::uuid is null or id < $9)
  and ($11::text is null or request_id = $11)
order by id desc limit $10`;

interface ApiCallRow extends Omit<ApiCallResponse, 'timestamp'> {
  timestamp: Date;
}

@Injectable()
export class ApiCallsRepository {
  constructor(private readonly database: Database) {}

  async insert(calls: readonly ApiCall[], sql: Sql = this.database.system): Promise<void> {
    await sql.query({
      name: 'apiCalls.insert',
      text: `/* apiCalls.insert */ ${INSERT_API_CALLS} ${unnestApiCalls(1)} on conflict do nothing`,
      values: apiCallColumns(calls),
    });
  }

  /** Up to `limit` calls below the id `before`, newest first. */
  async list(
    tenantId: string,
    range: TimeRange,
    filter: ApiCallFilter,
    limit: number,
    before?: string,
  ): Promise<ApiCallResponse[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<ApiCallRow>(LIST, [
        tenantId,
        toIso(range.from),
        toIso(range.to),
        filter.method ?? null,
        filter.endpoint ?? null,
        filter.status_code ?? null,
        filter.min_status ?? null,
        filter.client_id ?? null,
        before ?? null,
        limit,
        filter.request_id ?? null,
      ]);
      return rows.map((row) => ({ ...row, timestamp: row.timestamp.toISOString() }));
    });
  }
}
