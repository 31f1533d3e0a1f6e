import { DEFECTS } from './defects.mjs';
import { readOptions, USAGE } from './options.mjs';
import { whyNoRedis } from './redis-server.mjs';
import { toJson, toRemarks, toTable } from './report.mjs';
import { Scenario } from './scenario.mjs';
import { problemsOf } from './verdict.mjs';

/** Load, kill -9, and then the promises: nothing acknowledged is lost, nothing is counted twice. See docs/faults.md. */

/** @type {Scenario | undefined} */
let running;

/** Progress goes past the JSON. */
const tell = (line) => process.stderr.write(`${line}\n`);

/** @param {import('./scenario.mjs').Plan} plan */
async function run(plan) {
  running = new Scenario(plan);
  const start = performance.now();
  const result = await running.run();
  running = undefined;
  const verdict = problemsOf(result).length === 0 ? 'ok' : 'FAILED';
  tell(`${plan.target} killed ${result.kills} times on the ${plan.backend} queue: ${verdict} (${since(start)})`);
  return result;
}

const since = (start) => `${Math.round((performance.now() - start) / 1_000)} s`;

/** @param {import('./options.mjs').Options} options */
function planRuns({ kills, seed, targets, backends, defect, keep }) {
  const noRedis = backends.includes('redis') ? whyNoRedis() : null;
  const plans = [];
  const skipped = [];
  for (const backend of backends) {
    for (const target of targets) {
      if (target === 'redis' && backend !== 'redis') continue;
      if (backend === 'redis' && noRedis !== null) skipped.push({ target, backend, reason: noRedis });
      else plans.push({ target, backend, kills, seed, defect, keep });
    }
  }
  for (const { target, backend, reason } of skipped) tell(`not run: ${target} on the ${backend} queue: ${reason}`);
  return { plans, skipped };
}

/** @param {import('./options.mjs').Options} options @returns {Promise<number>} exit code */
async function runAll(options) {
  tell(`seed ${options.seed}`);
  const { plans, skipped } = planRuns(options);
  if (plans.length === 0) throw new Error('nothing left to run; the target redis needs the redis backend');
  const results = [];
  for (const plan of plans) results.push(await run(plan));
  if (options.json) process.stdout.write(`${JSON.stringify(toJson(options.seed, results, skipped), null, 2)}\n`);
  else process.stdout.write(`${[toTable(results), ...results.flatMap(toRemarks)].join('\n')}\n`);
  return results.every((result) => problemsOf(result).length === 0) ? 0 : 1;
}

/** @param {import('./options.mjs').Options} options @returns {Promise<number>} exit code */
async function proveDefects({ seed, keep }) {
  const noRedis = whyNoRedis();
  let missed = 0;
  for (const [name, defect] of Object.entries(DEFECTS)) {
    const { target, backend, kills, symptom, about, isSeen } = defect;
    if (backend === 'redis' && noRedis !== null) {
      process.stdout.write(`not run  ${name}: ${noRedis}\n`);
      continue;
    }
    const result = await run({ target, backend, kills, seed, defect: name, keep });
    const isCaught = isSeen(result) && problemsOf(result).length > 0;
    if (!isCaught) missed += 1;
    process.stdout.write(`${isCaught ? 'caught ' : 'MISSED '} ${name}: ${about}; expected: ${symptom}\n`);
    for (const problem of problemsOf(result)) process.stdout.write(`           ${problem}\n`);
  }
  process.stdout.write(missed === 0 ? 'every defect was caught\n' : `${missed} defects were missed\n`);
  return missed === 0 ? 0 : 1;
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  return options.proveDefects ? proveDefects(options) : runAll(options);
}

let isQuitting = false;

/** Ends at once, but never leaves a process or a folder behind. */
async function quit(code) {
  if (isQuitting) return;
  isQuitting = true;
  await running?.end();
  process.exit(code);
}

// Not once: npm and the terminal may both pass on a Ctrl-C, and the second one must not cut the clean-up short.
process.on('SIGINT', () => void quit(130));
process.on('SIGTERM', () => void quit(143));
main().then(
  (code) => quit(code),
  (error) => {
    tell(error.stack ?? String(error));
    return quit(2);
  },
);
