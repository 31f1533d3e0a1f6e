/** Application and ESM-only dependencies are turned into CommonJS: jest cannot require() ES modules on Node 20. */
const swc = (typescript) => [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      keepClassNames: true,
      parser: typescript ? { syntax: 'typescript', decorators: true } : { syntax: 'ecmascript' },
      transform: typescript ? { legacyDecorator: true, decoratorMetadata: true } : {},
    },
    module: { type: 'commonjs', importInterop: 'node' },
  },
];

const esmOnly = [
  '@nestjs',
  '@tokenizer',
  '@borewit',
  '@standard-schema',
  'file-type',
  'jose',
  'hucre',
  'strtok3',
  'token-types',
  'uint8array-extras',
  'load-esm',
  'yaml',
];

export default {
  testEnvironment: 'node',
  testRegex: 'test/(unit|integration|e2e)/.*\\.spec\\.ts$',
  globalSetup: './test/global-setup.mjs',
  globalTeardown: './test/global-teardown.mjs',
  setupFilesAfterEnv: ['./test/support/setup.ts'],
  maxWorkers: 2,
  testTimeout: 30_000,
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': swc(true), '^.+\\.m?js$': swc(false) },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
};
