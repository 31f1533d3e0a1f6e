import { Injectable } from '@nestjs/common';
import { recordOf } from '../audit/entries/act.js';
import type { Recorder } from '../audit/entries/entry.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { lockHolds } from '../audit/preservation/hold-sql.js';
import { HoldsRepository } from '../audit/preservation/holds.repository.js';
import { Database } from '../platform/database/database.js';
import { isUuid, uuid7 } from '../platform/database/uuid7.js';
import { decodeCursor, toPage } from '../platform/http/cursor.js';
import { badRequest, notFound } from '../platform/http/problem.js';
import { parseDateTime, toMicroseconds } from '../platform/time/time.js';
import { HoldPage, HoldResponse, type SetHoldDto } from './retention.dto.js';

const ORDERED = { action: 'CREATE', resource: 'legal_hold', message: 'Legal hold ordered' } as const;
const RELEASED = { action: 'DELETE', resource: 'legal_hold', message: 'Legal hold released' } as const;

/** With microseconds, which a Date would cut. Such texts stand in the order of their times. */
function toTime(text: string | undefined): string | null {
  const ms = text === undefined ? null : parseDateTime(text);
  return ms === null ? null : toMicroseconds(ms);
}

@Injectable()
export class HoldsService {
  constructor(
    private readonly database: Database,
    private readonly holds: HoldsRepository,
    private readonly audit: AuditEntryWriter,
  ) {}

  async list(tenantId: string, limit: number, cursor?: string): Promise<HoldPage> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor);
    const { data, next_cursor } = toPage(await this.holds.list(tenantId, limit + 1, before), limit);
    return { data: data.map((hold) => HoldResponse.of(hold)), next_cursor };
  }

  /** Stands from the answer on: nothing that it covers is removed, cleaned up or erased after it. */
  async order(caller: Recorder, { reason, user_id, from, to }: SetHoldDto): Promise<HoldResponse> {
    const terms = {
      id: uuid7(),
      reason,
      user_id: user_id ?? null,
      from_time: toTime(from),
      to_time: toTime(to),
    };
    if (terms.from_time !== null && terms.to_time !== null && terms.from_time >= terms.to_time) {
      throw badRequest('from must be before to.', [{ path: 'from', message: 'must be before to' }]);
    }
    return this.database.inTenant(caller.tenantId, async (sql) => {
      await lockHolds(sql);
      const hold = HoldResponse.of(await this.holds.insert(sql, caller.tenantId, terms, caller.clientId));
      await this.audit.append(sql, [recordOf(caller, { ...ORDERED, id: hold.id, after: hold })]);
      return hold;
    });
  }

  /** What it covered goes with the next run, if it is past its time. @throws Problem 404 when there is none */
  async release(caller: Recorder, id: string): Promise<HoldResponse> {
    const { tenantId } = caller;
    const released = await this.database.inTenant(tenantId, async (sql) => {
      const hold = isUuid(id) ? await this.holds.release(sql, tenantId, id) : null;
      if (hold === null) return null;
      await this.audit.append(sql, [recordOf(caller, { ...RELEASED, id, after: HoldResponse.of(hold) })]);
      return HoldResponse.of(hold);
    });
    if (released === null) throw notFound('No hold with this id stands.');
    return released;
  }
}
