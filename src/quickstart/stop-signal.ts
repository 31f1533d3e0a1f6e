import { progress } from './progress.js';

const PARENT_CHECK_MS = 250;

/**
 * Aborts on the first Ctrl-C, SIGTERM or SIGHUP. The second is ignored: npm passes on the same Ctrl-C that the terminal
 * has already sent us. The third calls `force`.
 */
export function listenForStop(force: () => void): AbortSignal {
  const controller = new AbortController();
  let signals = 0;
  const onSignal = (reason: string): void => {
    signals++;
    if (signals === 1) {
      progress(`stopping (${reason}) …`);
      controller.abort();
    } else if (signals === 3) {
      force();
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => onSignal(name));
  // A closed terminal or pipe must not end us before the children have been stopped.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  if (['quickstart', 'dev'].includes(process.env['npm_lifecycle_event'] ?? ''))
    watchParent(() => controller.signal.aborted || onSignal('npm is gone'));
  return controller.signal;
}

/** npm signals only the shell that it started us through, and a shell that is ended by SIGTERM passes nothing on. */
function watchParent(onGone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, PARENT_CHECK_MS);
  timer.unref();
}
