import { defineConfig } from 'vitest/config';
import SlowestFirst from './test/harness/sequencer.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    sequence: { sequencer: SlowestFirst },
    reporters: ['default', './test/harness/slowest.ts'],
    globalSetup: ['test/harness/global-setup.ts'],
    setupFiles: ['test/harness/setup.ts'],
    // A process takes one file after another, and loads the SDK and our modules once: that is half of a small file's work.
    // What modules keep for a process is listed, with why it spoils nothing, in test/style/module-state.test.ts.
    pool: 'forks',
    isolate: false,
    // On two cores: a file waits for timers and servers for most of its time.
    maxWorkers: 6,
    // Far beyond what a test takes: a busy machine makes nothing fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
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
