import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    setupFiles: ['test/harness/end-with-run.ts'],
    // The SDK's native part and a process a file: nothing is shared that a test could spoil.
    pool: 'forks',
    // Two cores, and most time is spent waiting for the servers.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
  },
});
