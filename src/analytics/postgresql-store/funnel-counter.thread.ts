import { parentPort, workerData } from 'node:worker_threads';
import type { Config } from '../../platform/config/config.js';
import { answerAsOf } from '../../platform/database/as-of.js';
import { Database, sqlState } from '../../platform/database/database.js';
import { readJson } from '../../platform/json/json-text.js';
import type { FunnelDefinition } from '../event-store/funnel-definition.js';
import type { CountedSteps, FunnelJob, FunnelOutcome } from './funnel-counter.js';
import { FunnelsRepository } from './funnels.repository.js';

/** The thread of {@link FunnelCounter}: funnels come as messages, outcomes go back as messages. */
const database = new Database(workerData as Config);
const funnels = new FunnelsRepository();

parentPort?.on('message', (job: FunnelJob) => void run(job).then((outcome) => parentPort?.postMessage(outcome)));

async function run({ id, tenantId, range, definition: text, effort }: FunnelJob): Promise<FunnelOutcome> {
  try {
    const definition = readJson(text) as FunnelDefinition;
    const counted = await answerAsOf<CountedSteps>(async () => ({
      steps: await database.readOnReplica(tenantId, (sql) =>
        funnels.countSteps(sql, tenantId, range, definition, effort),
      ),
    }));
    return { id, ...counted };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { id, error: { message, code, sqlState: sqlState(error) } };
  }
}
