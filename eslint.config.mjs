import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const FIRST_KEY_DROPPED = {
  selector: 'CallExpression[callee.property.name="next"][callee.object.callee.property.name="keys"]',
  message: 'A cache with a bound is an LRUCache: throwing the first key out of a full Map takes 50 µs.',
};

const STATEMENT =
  'select |select\\n|insert into |update \\w+( \\w+)? set |update \\w+\\n|delete from |with (recursive )?\\w+ as ';

/** A string or a template that is a statement: it begins with a name as in `/* events.findById *\u002f`, or as SQL does. */
const SQL_STATEMENT = [
  `Literal[value=/^\\s*(\\u002f\\* [\\w.]|${STATEMENT})/]`,
  `TemplateLiteral > TemplateElement:first-child[value.raw=/^\\s*(\\u002f\\* [\\w.]|${STATEMENT})/]`,
].map((selector) => ({
  selector,
  message: 'Statements live in *.repository.ts or *-sql.ts. Move it there and give it a name.',
}));

/** What `query` is given says who sends it, in logs and in pg_stat_statements. */
const UNNAMED_STATEMENT = [
  `CallExpression[callee.property.name='query'] > Literal:first-child[value=/^\\s*(${STATEMENT})/]`,
  `CallExpression[callee.property.name='query'] > TemplateLiteral > TemplateElement:first-child[value.raw=/^\\s*(${STATEMENT})/]`,
  `Property[key.name='text'] > TemplateLiteral > TemplateElement:first-child[value.raw=/^\\s*(${STATEMENT})/]`,
].map((selector) => ({ selector, message: 'A statement begins with its name: /* things.verb */.' }));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.data/', 'coverage/', 'dashboard/src/api/schema.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.json', './dashboard/tsconfig.json'] } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'off', // classes that Nest injects must be imported as values
      '@typescript-eslint/no-non-null-assertion': 'off', // noUncheckedIndexedAccess asks for them where a bound is known
      '@typescript-eslint/require-await': 'off', // a step of an interface may have nothing to wait for
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    // Prettier wraps code and leaves comments as they are.
    rules: { 'max-len': ['error', { code: 1_000, comments: 120, ignoreUrls: true, ignoreStrings: true }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.repository.ts', '**/*-sql.ts'],
    rules: { 'no-restricted-syntax': ['error', FIRST_KEY_DROPPED, ...SQL_STATEMENT] },
  },
  {
    files: ['**/*.repository.ts', '**/*-sql.ts'],
    rules: { 'no-restricted-syntax': ['error', FIRST_KEY_DROPPED, ...UNNAMED_STATEMENT] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/platform/scheduling/**', 'src/platform/http/open-connections.ts', 'src/quickstart/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'setInterval', message: 'Work that is done again and again is added to PeriodicTasks.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', 'max-lines': 'off' },
  },
  {
    files: ['test/**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name='beforeAll'] CallExpression[callee.name='createTestDatabase']",
          message: 'Start with describeApi or describeDatabase of test/support/fixture.ts.',
        },
        {
          selector: 'MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(skip|only)$/]',
          message: 'Say what the tests need (`needs` of test/support/fixture.ts): a test that is skipped says why.',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    rules: { 'no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }] },
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'Buffer',
          'URL',
          'fetch',
          'performance',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'setImmediate',
          'AbortSignal',
          'AbortController',
          'module',
          'globalThis',
          'structuredClone',
          'queueMicrotask',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
