import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { awaitHolds } from '../preservation/hold-sql.js';
import { actLeaf } from './act-leaf.js';
import { ERASE, findLeaves, PRUNE, RECORDED_BEFORE, wouldLose } from './audit-acts-sql.js';
import { AuditTreeRepository } from './audit-tree.repository.js';
import type { ActTerms, ErasureMode } from './evidence.js';
import { toMicroseconds } from '../../platform/time/time.js';
import { type PersonalField } from './leaf.js';
import { toRanges } from './leaf-ranges.js';
import { SealingService } from './sealing.service.js';

/** An act with more ranges is split, so that a leaf stays below about 20 kB. */
const RANGES_PER_LEAF = 1_000;
const INDEXES_PER_ACT = 100_000;

/** What stands where a value was redacted. */
const REDACTED = '[redacted]';

export interface Erasure {
  /** Which entries: SQL over audit_entries, its parameters from $2 on. Entries that would lose nothing are left out. */
  condition: string;
  values: readonly unknown[];
  fields: readonly PersonalField[];
  /** A pseudonym of the person it is about: it stays in the leaf for ever. */
  subject?: string;
  /** erase: the fields are removed. redact: only values equal to one of `replace` are; the rest of the field stays. */
  mode?: ErasureMode;
  /** Texts: whole fields or, at any depth of states and metadata, whole string values. */
  replace?: readonly string[];
}

export interface Pruning {
  olderThan: Date;
  /** Of these, only such that meet a condition: SQL over audit_entries, its parameters from $3 on. */
  only?: { condition: string; values: readonly unknown[] };
}

/** The content of an act, the entries it is about, and how the database carries it out once its leaf is at `index`. */
interface Order {
  terms: ActTerms;
  condition: string;
  values: readonly unknown[];
  carryOut: (index: number) => { text: string; values: unknown[] };
}

/**
 * The only code that changes the audit trail itself. Each act first appends a leaf that says which leaves it is about;
 * then a function of the database does to their entries what the leaf orders. One transaction, under the lock of the
 * tree.
 */
@Injectable()
export class AuditActs {
  constructor(
    private readonly database: Database,
    private readonly trees: AuditTreeRepository,
    private readonly sealing: SealingService,
  ) {}

  /**
   * Removes the entries that were recorded before `olderThan`, whatever their `occurred_at`, and that no legal hold
   * covers; their leaf hashes stay.
   * @param alsoIn runs in each transaction that removed something, with the number; once if there was nothing to remove
   */
  async prune(
    tenantId: string,
    { olderThan, only }: Pruning,
    alsoIn: (sql: Sql, deleted: number) => Promise<void> = () => Promise.resolve(),
  ): Promise<{ deleted: number }> {
    const order: Order = {
      terms: { kind: 'prune', older_than: toMicroseconds(olderThan.getTime()) },
      condition: only === undefined ? RECORDED_BEFORE : `${RECORDED_BEFORE} and (${only.condition})`,
      values: [olderThan, ...(only?.values ?? [])],
      carryOut: (index) => ({
        text: PRUNE,
        values: [tenantId, index],
      }),
    };
    let deleted = 0;
    for (let changed = INDEXES_PER_ACT; changed === INDEXES_PER_ACT;) {
      changed = await this.database.inSystem(async (sql) => {
        await awaitHolds(sql);
        const done = await this.act(sql, tenantId, order);
        if (done > 0 || deleted === 0) await alsoIn(sql, done);
        return done;
      });
      deleted += changed;
    }
    return { deleted };
  }

  /** @returns how many entries lost something, at most 100,000: then there may be more */
  erase(sql: Sql, tenantId: string, erasure: Erasure): Promise<number> {
    const { condition, values, fields, subject, mode = 'erase' } = erasure;
    const replace = mode === 'erase' ? null : (erasure.replace ?? []).filter((text) => text !== REDACTED);
    if (fields.length === 0 || replace?.length === 0) return Promise.resolve(0);
    const given = replace === null ? values : [...values, replace];
    const loses = fields.map((field) => wouldLose(field, replace === null ? null : `$${given.length + 1}::text[]`));
    return this.act(sql, tenantId, {
      terms: { kind: 'erasure', fields: [...new Set(fields)], mode, ...(subject === undefined ? {} : { subject }) },
      condition: `(${condition}) and (${loses.join(' or ')})`,
      values: given,
      carryOut: (index) => ({
        text: ERASE,
        values: [tenantId, index, replace],
      }),
    });
  }

  private async act(sql: Sql, tenantId: string, { terms, condition, values, carryOut }: Order): Promise<number> {
    let tree = await this.sealing.sealTenant(sql, tenantId);
    const { rows } = await sql.query<{ leaf_index: number }>(findLeaves(condition, INDEXES_PER_ACT), [
      tenantId,
      ...values,
    ]);
    const ranges = toRanges(rows.map((row) => row.leaf_index));
    let changed = 0;
    for (let n = 0; n < ranges.length; n += RANGES_PER_LEAF) {
      const index = tree.size;
      const leaf = actLeaf(tree, terms, ranges.slice(n, n + RANGES_PER_LEAF));
      tree = (await this.trees.append(sql, [{ tree, leaves: [leaf] }]))[0]!;
      const { rows: done } = await sql.query<{ changed: number }>(carryOut(index));
      changed += done[0]?.changed ?? 0;
    }
    return changed;
  }
}
