import js from '@eslint/js';
import tseslint from 'typescript-eslint';

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
    ignores: ['**/*.repository.ts', '**/*-sql.ts', 'src/migrations/**'],
    rules: { 'no-restricted-syntax': ['error', ...SQL_STATEMENT] },
  },
  {
    files: ['**/*.repository.ts', '**/*-sql.ts'],
    rules: { 'no-restricted-syntax': ['error', ...UNNAMED_STATEMENT] },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', 'max-lines': 'off' },
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
