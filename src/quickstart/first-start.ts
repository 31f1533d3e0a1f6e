import { setTimeout as sleep } from 'node:timers/promises';
import { generateSampleEvents, take } from '../events/sample-data/sample-data.js';
import { SCOPES } from '../platform/http/principal.js';
import { DAY_MS, MINUTE_MS } from '../platform/time/time.js';
import type { ApiClient, BatchResult, CreatedKey, NewKey } from './api-client.js';
import type { QuickstartOptions } from './options.js';
import { print, progress } from './progress.js';
import type { SampleProgress, StateFile } from './state.js';

const BATCH_SIZE = 500;
const PROCESSING_TIMEOUT_MS = 60_000;
/** The application that sample events seem to come from. */
const SAMPLE_CLIENT = 'demo-shop';

export interface FirstStart {
  options: QuickstartOptions;
  api: ApiClient;
  file: StateFile;
  signal: AbortSignal;
  /** Runs `create-key` and the like. */
  cli: (words: readonly string[]) => Promise<string>;
}

/** Work of the first start on a database. Each part is recorded when it is done, and not repeated. */
export async function completeFirstStart(context: FirstStart): Promise<void> {
  const { file, options, signal } = context;
  let platformKey = options.platformApiKey;
  if (!file.state.keysCreated) {
    platformKey = await createKeys(context);
    file.update({ keysCreated: true });
  }
  const samples = (file.state.samples ??= planSamples(options));
  signal.throwIfAborted();
  if (!samples.done) await loadSamples(context, samples, platformKey);
}

/** Returns the platform key, so that it can create the other keys. */
async function createKeys(context: FirstStart): Promise<string> {
  const shown: string[] = [];
  let platformKey = context.options.platformApiKey;
  if (platformKey === undefined) {
    platformKey = (
      await createKey(context, undefined, { client_id: 'platform', name: 'Platform key', scopes: [...SCOPES] })
    ).key;
    shown.push(`  Platform key (all scopes):        ${platformKey}`);
  }
  const demo = await createKey(context, platformKey, {
    client_id: 'demo',
    name: 'Read-only demo key',
    scopes: ['read'],
  });
  shown.push(`  Demo key (scope read, to look):   ${demo.key}`);
  progress('created API keys; they are shown this once, so keep them:');
  print(`\n${shown.join('\n')}\n`);
  print('  For pages and devices: npm run cli -- create-key --client-id=web --scopes=track\n');
  return platformKey;
}

/** Through the API when there is a key that may, else by the command line, whose start takes seconds. */
async function createKey({ api, cli }: FirstStart, platformKey: string | undefined, key: NewKey): Promise<CreatedKey> {
  if (platformKey !== undefined) return api.createKey(platformKey, key);
  const words = [
    'create-key',
    `--client-id=${key.client_id}`,
    `--name=${key.name}`,
    `--scopes=${key.scopes.join(',')}`,
  ];
  if (key.rate_limit !== undefined) words.push(`--rate-limit=${key.rate_limit}`);
  const output = await cli([...words, '--json']);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as CreatedKey;
}

function planSamples({ sampleEvents, sampleDays }: QuickstartOptions): SampleProgress {
  // A whole minute, so that the time window begins and ends at boundaries of the rollups.
  const until = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS).toISOString();
  return { count: sampleEvents, seed: 1, until, days: sampleDays, sent: 0, done: sampleEvents === 0 };
}

async function loadSamples(
  context: FirstStart,
  samples: SampleProgress,
  platformKey: string | undefined,
): Promise<void> {
  const { api, file } = context;
  file.update({ samples });
  // A key of its own: its client id shows where the events come from, and the load is not slowed by a rate limit.
  const loader = await createKey(context, platformKey, {
    client_id: SAMPLE_CLIENT,
    name: 'Sample data loader',
    scopes: ['admin'],
    ...(context.options.tenantRateLimit === undefined ? { rate_limit: 1_000_000 } : {}),
  });
  await sendSamples(context, samples, loader.key);
  await waitUntilProcessed(context, samples, loader.key);
  file.update({ samples: { ...samples, done: true } });
  await api.deleteKey(loader.key, loader.id);
}

async function sendSamples({ api, file, signal }: FirstStart, samples: SampleProgress, key: string): Promise<void> {
  const events = generateSampleEvents({ ...samples, until: new Date(samples.until) });
  for (let skipped = 0; skipped < samples.sent; skipped++) events.next();
  progress(
    `loading ${samples.count} sample events through the API${samples.sent > 0 ? `, from ${samples.sent} on` : ''}`,
  );
  for (let shown = samples.sent; samples.sent < samples.count;) {
    signal.throwIfAborted();
    const batch = take(events, BATCH_SIZE);
    warnOfLosses(await api.postBatch(key, batch));
    samples.sent += batch.length;
    if (samples.sent - shown < samples.count / 10 && samples.sent < samples.count) continue;
    shown = samples.sent;
    file.update({ samples });
    progress(`  ${samples.sent} of ${samples.count} accepted`);
  }
}

function warnOfLosses({ conflicts, rejected }: BatchResult): void {
  if (conflicts + rejected > 0) progress(`  ${conflicts + rejected} sample events were not accepted`);
}

async function waitUntilProcessed({ api, signal }: FirstStart, samples: SampleProgress, key: string): Promise<void> {
  const until = new Date(samples.until);
  const from = new Date(until.getTime() - samples.days * DAY_MS);
  const deadline = Date.now() + PROCESSING_TIMEOUT_MS;
  for (let attempt = 0; ; attempt++) {
    // Another end each time, with no events in between, so that no answer comes from the cache.
    const to = new Date(until.getTime() + attempt * MINUTE_MS);
    const processed = await api.countProcessed(key, SAMPLE_CLIENT, from, to);
    if (processed >= samples.count) return progress(`the worker has processed all ${samples.count}`);
    if (Date.now() > deadline) {
      return progress(`the worker has processed ${processed} of ${samples.count}; the rest follows in the background`);
    }
    await sleep(200, undefined, { signal });
  }
}
