/** TypeScript is turned into CommonJS: jest takes ES modules in experimental releases of Node alone. */
const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'commonjs', importInterop: 'node' },
  },
];

export default {
  testEnvironment: './test/support/jest-environment.cjs',
  runtime: './test/support/jest-runtime.cjs',
  testRegex: 'test/(unit|integration|e2e)/.*\\.spec\\.ts$',
  testSequencer: './test/support/longest-first.cjs',
  globalSetup: './test/global-setup.mjs',
  globalTeardown: './test/global-teardown.mjs',
  setupFilesAfterEnv: ['./test/support/setup.ts'],
  // One more than the cores of a small machine: some tests mostly wait, for alerts, for failovers, for what is due.
  maxWorkers: 3,
  testTimeout: 30_000,
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': swc },
};
