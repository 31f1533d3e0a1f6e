// Loads packages as Node does, once for all specs of a worker: jest would evaluate the 2,800 modules of Nest, TypeORM and
// the others anew for each spec, which takes longer than most specs. Specs, test/support and src are still evaluated
// for each spec, so that nothing they keep reaches the next.
const { createRequire } = require('node:module');
const { compileFunction } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

module.exports = class NativePackagesRuntime extends Runtime {
  constructor(...options) {
    super(...options);
    // jest asks for a realm to compile in; this is what it does without naming one.
    const { injectedModuleParameters } = this.executor;
    this.executor.compile = (source, filename) => compileFunction(source, injectedModuleParameters, { filename });
  }

  requireModuleOrMock(from, name) {
    if (/^\.{0,2}\//.test(name) || name === '@jest/globals') return super.requireModuleOrMock(from, name);
    return createRequire(from)(name);
  }
};
