import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { isAddress } from '../../platform/database/address-sql.js';
import { textArray, timestamptzArray, uuidArray } from '../../platform/database/pg-arrays.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
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
  ip?: string | undefined;
}

/** Calls after the one with the id `before`, newest first. */
interface ApiCallPage {
  range: TimeRange;
  filter: ApiCallFilter;
  limit: number;
  before: string | undefined;
}

/**
 * Newest first along the primary key. The id holds the time, so the range is also a range of ids. A call that stored
 * records has the id of one of them, which is made when its body has arrived.
 */
function listSql(tenantId: string, { range, filter, limit, before }: ApiCallPage) {
  const parameters = new Parameters();
  const [tenant, from, to] = [tenantId, toIso(range.from), toIso(range.to)].map((value) => parameters.add(value));
  const { method, endpoint, status_code, min_status, client_id, request_id, ip } = filter;
  const where = [
    `tenant_id = ${tenant} and timestamp >= ${from} and timestamp < ${to}`,
    `id >= uuid7_lower_bound(${from}) and id < uuid7_lower_bound(${to}::timestamptz + interval '10 minutes')`,
    ...(method === undefined ? [] : [`method = ${parameters.add(method)}`]),
    ...(endpoint === undefined ? [] : [`strpos(path, ${parameters.add(endpoint)}) > 0`]),
    ...(status_code === undefined ? [] : [`status_code = ${parameters.add(status_code)}`]),
    ...(min_status === undefined ? [] : [`status_code >= ${parameters.add(min_status)}`]),
    ...(client_id === undefined ? [] : [`client_id = ${parameters.add(client_id)}`]),
    ...(request_id === undefined ? [] : [`request_id = ${parameters.add(request_id)}`]),
    ...(ip === undefined ? [] : [isAddress('ip', ip, parameters)]),
    ...(before === undefined ? [] : [`id < ${parameters.add(before)}`]),
  ];
  const text = `/* apiCalls.list */
select id, request_id, tenant_id, client_id, key_id, method, path, route, status_code, duration_ms, ip, user_agent,
       request_bytes, response_bytes, error, calls, timestamp
from api_audit_logs where ${where.join('\n  and ')}
order by id desc limit ${parameters.add(limit)}`;
  return { text, values: parameters.values };
}

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
      const { text, values } = listSql(tenantId, { range, filter, limit, before });
      const { rows } = await sql.query<ApiCallRow>(text, values);
      return rows.map((row) => ({ ...row, timestamp: row.timestamp.toISOString() }));
    });
  }
}
