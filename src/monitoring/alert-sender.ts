import { Inject, Injectable, Logger } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { CONFIG, type Config } from '../platform/config/config.js';
import { Database } from '../platform/database/database.js';
import { drain } from '../platform/scheduling/drain.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { AlertsRepository, type WaitingMessage } from './alerts.repository.js';

const PAUSE_MS = 1_000;
const TIMEOUT_MS = 10_000;
const FIRST_WAIT_SECONDS = 1;
const LONGEST_WAIT_SECONDS = 600;

/**
 * Posts the messages about alerts until each is taken, signed as Standard Webhooks says. A worker that is killed after
 * the receiver took a message sends it again: with the same webhook-id, by which the receiver knows it.
 */
@Injectable()
export class AlertSender {
  private readonly logger = new Logger(AlertSender.name);
  private readonly key: Buffer;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly database: Database,
    private readonly alerts: AlertsRepository,
    tasks: PeriodicTasks,
  ) {
    this.key = Buffer.from((config.ALERT_WEBHOOK_SECRET ?? '').replace(/^whsec_/, ''), 'base64');
    const { ALERT_WEBHOOK_URL: url } = config;
    if (url === undefined) return;
    tasks.add({
      name: 'alert-messages',
      schedule: { pauseMs: PAUSE_MS },
      run: (signal) => this.sendWaiting(url, signal),
      onError: (error) => this.logger.warn(`messages about alerts: ${error.message}`),
    });
  }

  private async sendWaiting(url: string, signal: AbortSignal): Promise<void> {
    await drain(signal, async () => {
      const message = await this.alerts.claimMessage(this.database.system);
      if (message === null) return false;
      await this.deliver(url, message, signal);
      return true;
    });
  }

  private async deliver(url: string, message: WaitingMessage, signal: AbortSignal): Promise<void> {
    try {
      await this.post(url, message, signal);
      await this.alerts.markDelivered(this.database.system, message.id);
    } catch (error) {
      const wait = Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.min(message.attempts - 1, 20));
      const reason = reasonOf(error);
      this.logger.warn(`an alert was not accepted and is sent again in ${wait} s: ${reason}`);
      await this.alerts.recordFailure(this.database.system, message.id, reason, wait);
    }
  }

  private async post(url: string, { id, body }: WaitingMessage, stopping: AbortSignal): Promise<void> {
    const webhookId = `msg_${id}`;
    const timestamp = Math.floor(Date.now() / 1_000);
    const signature = createHmac('sha256', this.key).update(`${webhookId}.${timestamp}.${body}`).digest('base64');
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual', // a signed message goes to the address that was set, and to no other
      signal: AbortSignal.any([stopping, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'Tidemark',
        'webhook-id': webhookId,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': `v1,${signature}`,
      },
      body,
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  }
}

/** `fetch` itself only says that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const detail =
    (cause as { code?: string; message?: string } | undefined)?.code ?? (cause as Error | undefined)?.message;
  return detail === undefined || detail === '' ? message : `${message}: ${detail}`;
}
