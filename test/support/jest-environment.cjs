// The environment of every spec: the realm of the process instead of one of its own, so that packages can be loaded once
// for all of them (jest-runtime.cjs) and `instanceof` and `toStrictEqual` still hold between them and the spec.
// What a realm of its own gave is put back by hand: globals and process.env are as they were when a spec has ended.
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

module.exports = class SharedRealmEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  fakeTimers = null;
  globalsBefore = Object.getOwnPropertyDescriptors(globalThis);
  envBefore = { ...process.env };
  exitBefore = process.exit; // jest wraps it anew for each spec

  constructor({ projectConfig }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
    process.exit = this.exitBefore;
    process.exitCode = undefined;
    restoreEnv(this.envBefore);
    restoreGlobals(this.globalsBefore);
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return globalThis;
  }
};

function restoreEnv(before) {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
}

/** Among the new ones: jest's own, and the registries in which class-validator and TypeORM collect decorated classes. */
function restoreGlobals(before) {
  for (const key of Reflect.ownKeys(globalThis)) {
    const known = before[key];
    if (known === undefined) Reflect.deleteProperty(globalThis, key);
    else if (known.configurable) Object.defineProperty(globalThis, key, known);
  }
}
