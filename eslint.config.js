import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import lit from 'eslint-plugin-lit';
import globals from 'globals';
import ts from 'typescript-eslint';

/** Forbids imports, each with the rule of the house that it would break. Type imports of a library cost nothing. */
const forbid = (...patterns) => ({
  '@typescript-eslint/no-restricted-imports': [
    'error',
    { patterns: patterns.map(([regex, message, allowTypeImports = false]) => ({ regex, message, allowTypeImports })) },
  ],
});

const SUPABASE = [
  '^@supabase/',
  'supabase-js stays in src/store/supabase-backend.ts and its socket, which are loaded dynamically.',
  true,
];
const LIT = ['^(lit|@lit)(/|$)', 'Lit stays in src/elements.'];
const CHART = ['^chart\\.js', 'chart.js stays in src/elements/usage-chart.drawing.ts, which is loaded dynamically.'];
const ENTRIES = ['(connect|define|loader|index|testing)\\.ts$', 'Entries are leaves: nobody imports them.'];
const UP_TO_ELEMENTS = ['/elements/', 'elements → services → store, never back.'];
const UP_TO_SERVICES = ['/services/', 'elements → services → store, never back.'];
const SIDEWAYS_SERVICES = [
  '^\\./(?!(usage-series|usage-csv|usage-logs-(view|merge|own|sample)|sample-data|chat-lane|chat-messages|chat-session|chat-topics|chat-usage|pricing|footprint|schema|session|settings-\\w+)\\.ts$)',
  'Services import only pure leaves of their own folder.',
];
const SIDEWAYS_ELEMENTS = [
  '^\\./(chat-box|usage-chart|sync-status|usage-logs-table|settings-panel)\\.ts$',
  'Elements do not import each other.',
];
const FUNCTIONS = [
  '/supabase/functions/',
  'Only pricing.ts and footprint.ts of src/services cross over to the functions.',
];
const SRC = ['/src/', 'local, cli and the functions import nothing from src.'];
const INTERNALS = [
  '/src/(store|services|elements|define)/',
  'Demo, stories and end-to-end tests use public entries only.',
];

export default ts.config(
  { ignores: ['dist/', 'node_modules/', '.livelit/'] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  ...ts.configs.stylisticTypeChecked,
  importX.flatConfigs.typescript,
  {
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createTypeScriptImportResolver({
          project: ['tsconfig.json', 'tsconfig.node.json'],
          noWarnOnMultipleProjects: true,
        }),
      ],
    },
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: {
        project: ['tsconfig.json', 'tsconfig.node.json', 'supabase/functions/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-duplicates': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // A promise that nobody waits for says so with `void`.
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `!` after a check that the compiler cannot follow is clearer than a branch that cannot happen.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // It does not see that an await lets others change a field, nor that a browser may lack what the types promise.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true, boolean: true } }],
      '@typescript-eslint/consistent-type-definitions': 'off',
    },
  },
  { files: ['src/store/**'], rules: forbid(SUPABASE, LIT, CHART, ENTRIES, UP_TO_ELEMENTS, UP_TO_SERVICES) },
  {
    files: ['src/store/{supabase-backend,own-client,socket}.ts'],
    rules: forbid(LIT, CHART, ENTRIES, UP_TO_ELEMENTS, UP_TO_SERVICES),
  },
  {
    files: ['src/services/**'],
    ignores: ['src/services/{pricing,footprint}.ts'],
    rules: forbid(SUPABASE, LIT, CHART, ENTRIES, UP_TO_ELEMENTS, SIDEWAYS_SERVICES, FUNCTIONS),
  },
  {
    files: ['src/elements/**'],
    plugins: { lit },
    rules: {
      ...lit.configs['flat/recommended'].rules,
      ...forbid(SUPABASE, CHART, ENTRIES, SIDEWAYS_ELEMENTS, FUNCTIONS),
    },
  },
  { files: ['src/elements/usage-chart.drawing.ts'], rules: forbid(SUPABASE, ENTRIES, SIDEWAYS_ELEMENTS) },
  { files: ['src/*.ts', 'src/define/**'], rules: forbid(SUPABASE, LIT, CHART) },
  { files: ['local/**', 'cli/**', 'supabase/functions/**'], rules: { ...forbid(SRC), 'no-console': 'off' } },
  { files: ['demo/**', 'stories/**', 'test/e2e/**'], rules: forbid(INTERNALS) },
  {
    files: ['test/**', 'bench/**', 'stories/**'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // Node's own test functions answer promises that nobody has to wait for.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['describe', 'it', 'test', 'suite'] },
          ],
        },
      ],
    },
  },
  { files: ['**/*.js', '**/*.mjs', '*.config.ts'], ...ts.configs.disableTypeChecked },
);
