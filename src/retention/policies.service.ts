import { Inject, Injectable } from '@nestjs/common';
import { recordOf } from '../audit/entries/act.js';
import type { Recorder } from '../audit/entries/entry.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { PoliciesRepository, type Policy, POLICY_KINDS } from '../audit/preservation/policies.repository.js';
import { CONFIG, type Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { badRequest, Problem } from '../platform/http/problem.js';
import type { PolicyList, PolicyResponse, SetPolicyDto } from './retention.dto.js';

/** Each run looks at a tenant's events once for each of its policies. */
const MAX_POLICIES = 1_000;
const TOO_MANY = `A tenant has at most ${MAX_POLICIES} policies. Delete one by setting its days to null.`;

const SET = { action: 'UPDATE', resource: 'retention_policy', message: 'Retention policy set' } as const;

@Injectable()
export class PoliciesService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly policies: PoliciesRepository,
    private readonly audit: AuditEntryWriter,
  ) {}

  async list(tenantId: string): Promise<PolicyList> {
    return { data: this.withDefaults(await this.policies.list(tenantId)) };
  }

  /** @throws Problem 400 for an event type of audit entries */
  async set(caller: Recorder, { kind, event_type, days }: SetPolicyDto): Promise<PolicyList> {
    if (kind === 'audit' && event_type !== undefined) {
      throw badRequest('Only events have policies by type.', [
        { path: 'event_type', message: 'must be absent where kind is audit' },
      ]);
    }
    const { tenantId } = caller;
    const after = await this.database.inTenant(tenantId, async (sql) => {
      const before = await this.policies.listIn(sql, tenantId);
      if (days !== null && before.length >= MAX_POLICIES) throw new Problem(409, TOO_MANY);
      await this.policies.set(sql, tenantId, kind, event_type ?? '', days);
      const now = await this.policies.listIn(sql, tenantId);
      const id = event_type === undefined ? kind : `${kind}/${event_type}`;
      const states = { before: { policies: before.map(toResponse) }, after: { policies: now.map(toResponse) } };
      await this.audit.append(sql, [recordOf(caller, { ...SET, id, ...states })]);
      return now;
    });
    return { data: this.withDefaults(after) };
  }

  /** For each kind what holds for everything else, from the settings where there is no policy. */
  private withDefaults(policies: Policy[]): PolicyResponse[] {
    const defaults = { events: this.config.EVENT_RETENTION_DAYS, audit: this.config.AUDIT_RETENTION_DAYS };
    const missing = POLICY_KINDS.filter(
      (kind) => !policies.some((policy) => policy.kind === kind && policy.event_type === ''),
    );
    return [
      ...missing.map((kind) => ({ kind, event_type: null, days: defaults[kind], is_policy: false })),
      ...policies.map(toResponse),
    ];
  }
}

const toResponse = ({ kind, event_type, days }: Policy): PolicyResponse => ({
  kind,
  event_type: event_type === '' ? null : event_type,
  days,
  is_policy: true,
});
