import { Benchmark } from './benchmark.mjs';
import { readOptions, USAGE, UsageError } from './options.mjs';
import { busyShare, describeMachine, toText } from './report.mjs';

/** How fast, next to what? Ratios, because absolute figures say as much about the machine as about Tidemark. */

/** Above this, other programs take what the servers under test should have. */
const BUSY = 0.1;

/** @type {Benchmark | undefined} */
let running;

/** Progress goes past the table and the JSON. */
const tell = (line) => process.stderr.write(`${line}\n`);

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const before = await busyShare();
  if (before > BUSY)
    tell(`other programs use ${Math.round(before * 100)} % of this machine: trust no figure of this run`);
  running = new Benchmark();
  const { postgres, ratios, facts } = await running.run(options, tell);
  await running.end();
  const other_load = { before, after: await busyShare() };
  const report = { machine: describeMachine(postgres), ratios, facts: { ...facts, other_load } };
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : toText(report)}\n`);
}

let isQuitting = false;

/** Ends at once, but never leaves a process or a folder behind. */
async function quit(code) {
  if (isQuitting) return;
  isQuitting = true;
  await running?.end();
  process.exit(code);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    if (!isQuitting) tell(`ending after ${signal}`);
    void quit(code);
  });
}
process.on('unhandledRejection', fail);
main().then(() => quit(0), fail);

/** What fails because everything is being ended is no news. */
function fail(error) {
  if (!isQuitting) tell(error instanceof UsageError ? `${error.message}\n${USAGE}` : (error.stack ?? String(error)));
  return quit(1);
}
