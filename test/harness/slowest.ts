import type { Reporter, TestModule } from 'vitest/node';

const SHOWN = 20;

/** Prints the slowest files when a run of many is over: what a suite waits for should be known. */
export default class Slowest implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= SHOWN) return;
    const timed = modules
      .map((module) => ({ file: module.relativeModuleId, ms: module.diagnostic().duration }))
      .toSorted((a, b) => b.ms - a.ms);
    const lines = timed
      .slice(0, SHOWN)
      .map(({ file, ms }) => `  ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`);
    console.log(`\n The ${SHOWN} slowest of ${timed.length} files\n${lines.join('\n')}\n`);
  }
}
