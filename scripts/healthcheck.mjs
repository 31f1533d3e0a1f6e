// For HEALTHCHECK of the image: exits 0 when the process of this container is ready, whether it is the API or a worker.
import { argv, env, exit } from 'node:process';
import { pathToFileURL } from 'node:url';

const TIMEOUT_MS = 3_000;

/** Whether one of the two answers that it is ready. Each listens at its own port, and one alone runs in a container. */
export async function isReady({ PORT = '3000', WORKER_HEALTH_PORT = '3001' }) {
  const addresses = [`${PORT}/api/v1/health/ready`, `${WORKER_HEALTH_PORT}/health/ready`];
  const answers = addresses.map((address) =>
    fetch(`http://127.0.0.1:${address}`, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return (await Promise.all(answers)).includes(true);
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) exit((await isReady(env)) ? 0 : 1);
