import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Database, isConnectionError, sqlState } from './database.js';
import { findExcessRights, PROPER_LOGIN } from './login-check.js';
import { compareSchema, describeSchemaFault, MIGRATE_COMMAND } from './schema-version.js';
import { SERVER_FACTS } from './server-sql.js';
import { WrongSessionError } from './session.js';

const MAX_CLOCK_SKEW_MS = 2_000;

/** A server on which Tidemark cannot keep its promises; the message says what to change. */
export class UnfitServerError extends Error {}

interface ServerFacts {
  version: number;
  fsync: string;
  full_page_writes: string;
  superuser: boolean;
  bypassrls: boolean;
  now_ms: number;
  partition_ahead: boolean;
}

/** Refuses to start on a database that would break a promise, and waits for one that is still starting. */
@Injectable()
export class ServerChecks {
  private readonly logger = new Logger(ServerChecks.name);

  constructor(private readonly database: Database) {}

  /** Resolved once the checks have passed: other providers wait for it, so nothing starts before. */
  static async passed(database: Database): Promise<ServerChecks> {
    const checks = new ServerChecks(database);
    await checks.untilPassed();
    return checks;
  }

  /** @throws UnfitServerError */
  private async untilPassed(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.check();
      } catch (error) {
        const refusal = explainRefusal(error);
        if (refusal !== undefined) throw new UnfitServerError(`PostgreSQL: ${refusal}.`, { cause: error });
        if (!isConnectionError(error)) throw error;
        if (attempt % 10 === 0) this.logger.warn(`Waiting for PostgreSQL: ${(error as Error).message}`);
        await delay(500);
      }
    }
  }

  private async check(): Promise<void> {
    await this.database.checkSessions();
    const facts = await this.facts();
    const skewMs = Math.abs(Date.now() - facts.now_ms);
    const excess = await findExcessRights(this.database.system);
    const schemaFault = describeSchemaFault(await compareSchema(this.database.system));
    const problems = [
      facts.version < 150_000 && 'PostgreSQL 15 or newer is needed',
      facts.fsync === 'off' && 'fsync is off: acknowledged events would be lost in a crash; set fsync=on',
      facts.full_page_writes === 'off' && 'full_page_writes is off: a crash could corrupt data; set it on',
      (facts.superuser || facts.bypassrls) &&
        'the application role ignores row-level security; run the migrations again',
      excess.length > 0 && `the login of DATABASE_URL could leave its role: it ${excess.join(', ')}; ${PROPER_LOGIN}`,
      skewMs > MAX_CLOCK_SKEW_MS && `the clocks of this machine and of PostgreSQL differ by ${skewMs} ms; use NTP`,
      schemaFault,
      schemaFault === undefined &&
        !facts.partition_ahead &&
        'this month has no partition; run the migrations or start a worker',
    ].filter((problem) => typeof problem === 'string');
    if (problems.length > 0) throw new UnfitServerError(`Unfit database: ${problems.join('; ')}.`);
  }

  private async facts(): Promise<ServerFacts> {
    const { rows } = await this.database.system.query<ServerFacts>(SERVER_FACTS);
    const facts = rows[0];
    if (facts === undefined) throw new Error('pg_roles does not list the current role');
    return facts;
  }
}

/** Start-up parameters that PgBouncer does not know; they are set again by statements. */
const POOLER_IGNORES = 'extra_float_digits,options';

/** What a refused connection means to an operator; undefined when the server did not refuse it. */
export function explainRefusal(error: unknown): string | undefined {
  const { message } = error as Error;
  if (error instanceof WrongSessionError) return message;
  const state = sqlState(error);
  if (state === '42501') return `${message}: the login of DATABASE_URL lacks the roles of the service; ${PROPER_LOGIN}`;
  if (state === '22023') return `${message}: run ${MIGRATE_COMMAND}, which creates the roles of the service`;
  if (state?.startsWith('28') === true) return `${message}; correct the login or the password in DATABASE_URL`;
  if (state?.startsWith('08') === true && message.includes('startup parameter')) {
    return `${message}: a connection pooler refuses it; set ignore_startup_parameters = ${POOLER_IGNORES} there`;
  }
  if (state === '3D000') return `${message}; create it, or correct DATABASE_URL`;
  return undefined;
}
