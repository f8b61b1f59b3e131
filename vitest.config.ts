import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/harness/slowest.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    setupFiles: ['test/harness/end-with-run.ts'],
    // The SDK's native part and a process a file: nothing is shared that a test could spoil.
    pool: 'forks',
    // Two cores, and most time is spent waiting for the servers.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
    // `npm run coverage`. Code in processes of its own (the worker, commands) is not seen: true coverage is higher.
    coverage: {
      provider: 'v8',
      include: [
        '{activities,api,comparison,config,db,domain,engine,inbox,observe,operations,ops,providers,workflows}/**/*.ts',
        '*.ts',
      ],
      exclude: ['*.config.ts', 'ops/console/assets/**'],
      reporter: ['text-summary'],
      reportsDirectory: '.veza/coverage',
      thresholds: { lines: 70, statements: 70, functions: 70, branches: 70 },
    },
  },
});
