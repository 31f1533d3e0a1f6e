import { Injectable } from '@nestjs/common';
import type { Sql } from '../platform/database/database.js';

/** The last message about an alert. */
export interface AlertState {
  firing: boolean;
  /** Id of what holds, from its beginning to its end. */
  episode: string;
  since: Date;
}

/** A message that this worker is to deliver. */
export interface WaitingMessage {
  id: string;
  body: string;
  attempts: number;
}

/** Longer than any delivery takes: a worker that was killed leaves its message to the next one after this. */
const CLAIM_SECONDS = 30;
const KEPT_DAYS = 30;

/** Each alert's oldest waiting message, so that an end never overtakes its beginning. */
const CLAIM = `/* alerts.claimMessage */
update alert_messages m
set attempts = least(attempts + 1, 1000000), next_attempt_at = clock_timestamp() + interval '${CLAIM_SECONDS} seconds'
from (
  select id from alert_messages w
  where delivered_at is null and next_attempt_at <= clock_timestamp()
    and not exists (select from alert_messages e where e.name = w.name and e.delivered_at is null and e.id < w.id)
  order by id limit 1 for update skip locked
) next
where m.id = next.id
returning m.id, m.body, m.attempts`;

/** Alerts and the messages about them. The clock is that of the database. */
@Injectable()
export class AlertsRepository {
  /** Until the end of the transaction, this process is the one that begins and ends alerts. */
  async becomeWatcher(sql: Sql): Promise<boolean> {
    const { rows } = await sql.query<{ won: boolean }>(
      `/* alerts.becomeWatcher */ select pg_try_advisory_xact_lock(hashtext('tidemark.alerts')) as won`,
    );
    return rows[0]?.won === true;
  }

  async listStates(sql: Sql): Promise<Map<string, AlertState>> {
    const { rows } = await sql.query<AlertState & { name: string }>(
      '/* alerts.listStates */ select name, firing, episode, since from alerts',
    );
    return new Map(rows.map(({ name, ...state }) => [name, state]));
  }

  /** @returns when it began or ended */
  async setState(sql: Sql, name: string, episode: string, firing: boolean, value: number): Promise<Date> {
    const { rows } = await sql.query<{ since: Date }>(
      `/* alerts.setState */
       insert into alerts (name, episode, firing, value, since) values ($1, $2, $3, $4, now())
       on conflict (name) do update
       set episode = excluded.episode, firing = excluded.firing, value = excluded.value, since = excluded.since
       returning since`,
      [name, episode, firing, value],
    );
    return rows[0]!.since; // what was inserted or updated is returned
  }

  async insertMessage(sql: Sql, id: string, name: string, body: string): Promise<void> {
    await sql.query(
      `/* alerts.insertMessage */
       with old as (
         delete from alert_messages where delivered_at < now() - interval '${KEPT_DAYS} days')
       insert into alert_messages (id, name, body) values ($1, $2, $3)`,
      [id, name, body],
    );
  }

  async claimMessage(sql: Sql): Promise<WaitingMessage | null> {
    return (await sql.query<WaitingMessage>(CLAIM)).rows[0] ?? null;
  }

  async markDelivered(sql: Sql, id: string): Promise<void> {
    await sql.query(
      `/* alerts.markDelivered */ update alert_messages set delivered_at = now(), error = null where id = $1`,
      [id],
    );
  }

  async recordFailure(sql: Sql, id: string, error: string, waitSeconds: number): Promise<void> {
    await sql.query(
      `/* alerts.recordFailure */
       update alert_messages set error = $2, next_attempt_at = clock_timestamp() + make_interval(secs => $3)
       where id = $1 and delivered_at is null`,
      [id, error.slice(0, 500), waitSeconds],
    );
  }
}
