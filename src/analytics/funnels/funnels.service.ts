import { Injectable } from '@nestjs/common';
import { recordOf } from '../../audit/entries/act.js';
import { AuditEntryWriter } from '../../audit/entries/entry-writer.js';
import { decodeCursor, toPage } from '../../platform/http/cursor.js';
import { Database, type Sql } from '../../platform/database/database.js';
import { notFound, Problem } from '../../platform/http/problem.js';
import { refuseTakenName } from '../../platform/http/taken-name.js';
import type { Principal } from '../../platform/http/principal.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { rangeOf } from '../../platform/http/range.dto.js';
import type { TimeRange } from '../../platform/time/time.js';
import { isUuid, uuid7 } from '../../platform/database/uuid7.js';
import { AnswerCache } from '../cache/answer-cache.js';
import type {
  CreateFunnelDto,
  FunnelDto,
  FunnelQueryDto,
  FunnelResponse,
  FunnelResultQuery,
  FunnelStepResponse,
  SavedFunnelPage,
  SavedFunnelResponse,
} from './funnels.dto.js';
import { bothOf, propertiesOf } from '../filters/filter.js';
import { SegmentFilters } from '../segments/segment-filters.js';
import { requireFewConditions, requireFilter } from '../filters/filter-faults.js';
import { requireProperties } from '../properties/event-property.js';
import { EventStore } from '../event-store/event-store.js';
import {
  conditionOf,
  type FunnelDefinition,
  type FunnelStep,
  type ReachedStep,
  typesOf,
} from '../event-store/funnel-definition.js';
import { FunnelsRepository } from '../postgresql-store/funnels.repository.js';
import {
  MAX_SAVED_FUNNELS,
  type SavedFunnel,
  type SavedFunnelDefinition,
  SavedFunnelsRepository,
  type SavedFunnelStep,
} from './saved-funnels.repository.js';

const MAX_GROUPS = 100;

const SAVED = { action: 'CREATE', resource: 'saved_funnel', message: 'Funnel saved' } as const;
const DELETED = { action: 'DELETE', resource: 'saved_funnel', message: 'Saved funnel deleted' } as const;

@Injectable()
export class FunnelsService {
  constructor(
    private readonly database: Database,
    private readonly funnels: FunnelsRepository,
    private readonly events: EventStore,
    private readonly saved: SavedFunnelsRepository,
    private readonly cache: AnswerCache,
    private readonly audit: AuditEntryWriter,
    private readonly segments: SegmentFilters,
  ) {}

  async query(tenantId: string, query: FunnelQueryDto): Promise<FunnelResponse> {
    return this.answer(tenantId, await this.read(tenantId, query), query);
  }

  /** @throws Problem 409 when the name is taken, 422 when there are too many */
  async create(caller: Principal, funnel: CreateFunnelDto): Promise<SavedFunnelResponse> {
    const { tenantId } = caller;
    const row = { id: uuid7(), name: funnel.name, definition: await this.read(tenantId, funnel) };
    const created = await refuseTakenName('funnel', funnel.name, () =>
      this.saved.insert(tenantId, row, (sql, inserted) =>
        this.audit.append(sql, [recordOf(caller, { ...SAVED, id: inserted.id, after: toResponse(inserted) })]),
      ),
    );
    if (created === null) {
      throw new Problem(422, `There are ${MAX_SAVED_FUNNELS} funnels already. Delete one that is not needed any more.`);
    }
    this.cache.forget(tenantId);
    return toResponse(created);
  }

  async list(tenantId: string, limit: number, cursor?: string): Promise<SavedFunnelPage> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.saved.list(tenantId, limit + 1, before);
    const { data, next_cursor } = toPage(rows, limit);
    return { data: data.map(toResponse), next_cursor };
  }

  async get(tenantId: string, id: string): Promise<SavedFunnelResponse> {
    return toResponse(await this.require(tenantId, id));
  }

  async getResult(tenantId: string, id: string, query: FunnelResultQuery): Promise<FunnelResponse> {
    const { definition } = await this.require(tenantId, id);
    return this.answer(tenantId, definition, query);
  }

  /** @throws Problem 404 */
  async delete(caller: Principal, id: string): Promise<void> {
    const record = (sql: Sql, deleted: SavedFunnel) =>
      this.audit.append(sql, [recordOf(caller, { ...DELETED, id, before: toResponse(deleted) })]);
    if (!isUuid(id) || !(await this.saved.delete(caller.tenantId, id, record))) throw noSuchFunnel();
    this.cache.forget(caller.tenantId);
  }

  /** The steps of a funnel, of `users` only if given. */
  async countSteps(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    definition: SavedFunnelDefinition,
    users: readonly string[] | null,
  ): Promise<FunnelStepResponse[]> {
    const { group_by: _, ...whole } = await this.resolve(sql, tenantId, definition);
    const rows = await this.funnels.countSteps(sql, tenantId, range, whole, { users });
    return describeSteps(definition, rows);
  }

  /** @throws Problem 400 for a name that no property can have, and for filters that cannot be asked */
  private async read(tenantId: string, { steps, window_s, group_by }: FunnelDto): Promise<SavedFunnelDefinition> {
    const read: SavedFunnelStep[] = [];
    for (const [n, { event_type, where, filters: asked, segment }] of steps.entries()) {
      const path = `steps[${n}].`;
      requireProperties(Object.keys(where ?? {}), `${path}where`);
      const filters = requireFilter(asked, `${path}filters`);
      const found = await this.segments.findAsked(tenantId, { segment }, path);
      read.push({
        event_type,
        ...(where === undefined ? {} : { where }),
        ...(filters === undefined ? {} : { filters }),
        ...(found === undefined ? {} : { segment: found.id }),
      });
    }
    return { steps: read, window_s, ...(group_by === undefined ? {} : { group_by }) };
  }

  /** With the filters of segments in the place of their names. */
  private async resolve(sql: Sql, tenantId: string, definition: SavedFunnelDefinition): Promise<FunnelDefinition> {
    const steps: FunnelStep[] = [];
    for (const { segment, filters: own, ...step } of definition.steps) {
      const filters = bothOf(await this.segments.filterNamed(sql, tenantId, segment), own);
      steps.push({ ...step, ...(filters === undefined ? {} : { filters }) });
    }
    requireFewConditions(
      steps.map(({ filters }) => filters),
      'steps',
    );
    return { ...definition, steps };
  }

  private async answer(
    tenantId: string,
    asked: SavedFunnelDefinition,
    query: FunnelQueryDto | FunnelResultQuery,
  ): Promise<FunnelResponse> {
    const range = toTimeRange(query);
    const definition = await this.database.readInTenant(tenantId, (sql) => this.resolve(sql, tenantId, asked));
    const counted = await this.events.countFunnel(tenantId, range, definition, query.sampling);
    const { sample } = counted;
    const steps = describeSteps(definition, counted.steps);
    const span = { ...rangeOf(range), window_s: definition.window_s };
    const groups = counted.groups === undefined ? undefined : describeGroups(definition, counted.groups);
    // A misspelt property leaves a step without users, or all of them in one group.
    const isSuspect = steps.some(({ users }) => users === 0) || groups?.every(({ value }) => value === null);
    const unseen = isSuspect === true ? await this.listUnseen(tenantId, range, definition) : [];
    return {
      ...{ ...span, steps },
      ...(groups === undefined ? {} : { groups }),
      ...(sample === undefined ? {} : { sample }),
      ...(unseen.length === 0 ? {} : { unseen_properties: unseen }),
    };
  }

  /** Those of the properties it asks for that no event of the types it asks for has. */
  private async listUnseen(tenantId: string, range: TimeRange, definition: FunnelDefinition): Promise<string[]> {
    const { steps, group_by } = definition;
    const asked = [
      ...steps.map((step) => ({ types: [step.event_type], names: propertiesOf(conditionOf(step)) })),
      ...(group_by === undefined ? [] : [{ types: typesOf(steps.slice(0, 1)), names: [group_by] }]),
    ];
    const unseen = new Set<string>();
    for (const { types, names } of asked) {
      for (const name of await this.events.listUnseen(tenantId, range, names, types)) unseen.add(name);
    }
    return [...unseen];
  }

  private async require(tenantId: string, id: string): Promise<SavedFunnel> {
    const funnel = isUuid(id) ? await this.saved.find(tenantId, id) : null;
    if (funnel === null) throw noSuchFunnel();
    return funnel;
  }
}

const noSuchFunnel = () => notFound('There is no funnel with this id.');

/** Each row holds the chains that reached a depth, deeper ones included. */
function describeSteps({ steps }: FunnelDefinition, rows: readonly ReachedStep[]): FunnelStepResponse[] {
  const reached = steps.map((_, n) => rows.find(({ k }) => k === n + 1));
  const users = reached.map((row) => row?.users ?? 0);
  const isSampled = rows.some((row) => row.standard_error !== undefined);
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return steps.map(({ event_type }, n) => ({
    event_type,
    users: users[n] ?? 0,
    ...(isSampled ? { standard_error: reached[n]?.standard_error ?? null } : {}),
    conversion_from_previous: share(users[n] ?? 0, users[Math.max(n - 1, 0)] ?? 0),
    conversion_from_first: share(users[n] ?? 0, users[0] ?? 0),
    median_time_from_previous_s: n === 0 ? null : toMicroseconds(reached[n]?.median_s),
  }));
}

const toMicroseconds = (seconds: number | null | undefined) =>
  seconds === null || seconds === undefined ? null : Math.round(seconds * 1e6) / 1e6;

function describeGroups(definition: FunnelDefinition, rows: readonly ReachedStep[]) {
  const groups = new Map<string | null, ReachedStep[]>();
  for (const row of rows) if (row.users > 0) groups.set(row.label, [...(groups.get(row.label) ?? []), row]);
  const text = (value: string | null) => value ?? '';
  return [...groups]
    .map(([value, reached]) => ({ value, steps: describeSteps(definition, reached) }))
    .sort((a, b) => (b.steps[0]?.users ?? 0) - (a.steps[0]?.users ?? 0) || (text(a.value) < text(b.value) ? -1 : 1))
    .slice(0, MAX_GROUPS);
}

function toResponse({ id, name, definition, created_at }: SavedFunnel): SavedFunnelResponse {
  const { steps, window_s, group_by = null } = definition;
  return { id, name, steps, window_s, group_by, created_at: created_at.toISOString() };
}
