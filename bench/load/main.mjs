import { loadByCopy } from './copy-load.mjs';
import { loadBatches, loadSingles } from './http-load.mjs';
import { loadPaced } from './paced-load.mjs';
import { loadRoute } from './route-load.mjs';

/** The load generator: a process of its own, so that no server shares its event loop. One question at a time. */
const LOADS = { singles: loadSingles, batches: loadBatches, copy: loadByCopy, paced: loadPaced, route: loadRoute };

async function answer({ load, options }) {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const result = await LOADS[load](options);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ...result, cpuShare: (user + system) / 1_000 / (performance.now() - start) };
}

process.on('SIGINT', () => undefined); // Ctrl-C is the benchmark's to handle
process.on('disconnect', () => process.exit());
process.on('message', (question) => {
  answer(question).then(
    (result) => process.send({ answer: result }),
    (error) => process.send({ error: error.stack ?? String(error) }),
  );
});
process.send({ answer: 'ready' });
