// Loaded into a process under test by NODE_OPTIONS=--require: says over IPC how long its event loop was held up since it
// was last asked, and what Object.prototype has.
const { monitorEventLoopDelay } = require('node:perf_hooks');

const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

process.on('message', (message) => {
  if (message !== 'probe') return;
  // A turn later, so that the timer of the monitor has seen what went on until now.
  setTimeout(() => {
    process.send({
      pid: process.pid,
      heldUpMs: delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
      objectPrototype: Reflect.ownKeys(Object.prototype).map(String),
    });
    delay.reset();
  }, RESOLUTION_MS + 1);
});
process.channel.unref();
