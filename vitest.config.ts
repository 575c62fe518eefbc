import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Node gives everybody the CommonJS build of graphql; Vite would give the tests the other one,
  // and two copies do not know each other's types.
  resolve: {
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/postgres.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', ['json', { outputFile: 'coverage/report.json' }]],
    // What graphql-js leaves behind, which answers are compared with (src/gateway/abandoned-promises.ts).
    onUnhandledError: ({ name, stack = '' }) =>
      name !== 'GraphQLError' || !/[\\/]graphql[\\/]execution[\\/]execute\.js/.test(stack),
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
  },
});
