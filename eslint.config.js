import { existsSync } from 'node:fs';
import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The road, in order. A folder imports only from folders before it; types count too. */
const road = [
  ['core', []],
  ['tlog', ['core']],
  ['config', ['core']],
  ['database', ['core', 'config']],
  ['audit', ['core', 'tlog']],
  ['witness', ['core', 'tlog', 'database']],
  ['directives', ['core']],
  ['identity', ['core', 'config']],
  ['policy', ['core', 'directives']],
  ['register', ['core', 'config', 'directives', 'policy']],
  ['ledger', ['core', 'audit', 'directives', 'policy']],
  ['operations', ['core', 'config', 'policy']],
  ['notices', ['core', 'config', 'directives', 'policy', 'ledger']],
  ['receipts', ['core', 'directives', 'policy']],
  ['sources', ['core', 'config', 'directives', 'policy']],
  ['decision', ['core', 'directives', 'policy', 'ledger', 'sources', 'audit']],
  ['execution', ['core']],
  ['answer', ['core', 'directives', 'policy', 'ledger', 'sources', 'decision']],
  [
    'gateway',
    [
      'core',
      'config',
      'audit',
      'directives',
      'identity',
      'policy',
      'register',
      'ledger',
      'operations',
      'notices',
      'receipts',
      'sources',
      'decision',
      'execution',
      'answer',
    ],
  ],
  ['imports', ['core', 'directives', 'policy', 'ledger', 'decision']],
  ['console', ['core', 'config']],
  ['sample', ['core', 'config', 'ledger', 'policy', 'directives']],
];
const folders = road.map(([name]) => name);

const zones = road.map(([name, may]) => ({
  target: `./src/${name}`,
  from: './src',
  except: [name, 'generated', ...may].map((folder) => `./${folder}`),
  message: `src/${name} may import only: ${[name, ...may].join(', ')} (see docs/decisions/0001-layout.md)`,
}));

// What the bench compares with is installed by the bench alone; without it types are not known.
const peersInstalled = existsSync(`${import.meta.dirname}/bench/peers/node_modules`);

export default tseslint.config(
  { ignores: ['node_modules', 'src/generated', 'coverage', '.sayso'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'bin/*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'import-x': importX },
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            ...zones,
            { target: './src', from: './test', message: 'src never imports from test' },
            {
              target: `./src/(${folders.join('|')})/**/*`,
              from: './src/(cli|app.ts)/**/*',
              message: 'only cli imports app',
            },
          ],
        },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-default-export': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
    },
  },
  { files: ['src/cli/**', 'bench/**', 'bin/**'], rules: { 'no-console': 'off' } },
  {
    files: ['*.config.{js,ts}', 'codegen.ts'],
    rules: { 'import-x/no-default-export': 'off' },
  },
  // Its packages lie where the rule does not know them to be others'.
  { files: ['bench/peers/**'], rules: { 'import-x/no-cycle': 'off' } },
  ...(peersInstalled
    ? []
    : [{ files: ['bench/peers/**'], extends: [tseslint.configs.disableTypeChecked] }]),
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
