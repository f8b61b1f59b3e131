import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

const SHOWN = 20;

/**
 * Prints the slowest files when a run of many is over: what a suite waits for should be known. With RECORD_SLOWEST=true it
 * writes them down for `sequencer.ts`: from a whole run on a quiet machine.
 */
export default class Slowest implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= SHOWN) return;
    const slowest = modules
      .map((module) => ({ file: module.relativeModuleId, ms: module.diagnostic().duration }))
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, SHOWN);
    const lines = slowest.map(({ file, ms }) => `  ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`);
    console.log(`\n The ${SHOWN} slowest of ${modules.length} files\n${lines.join('\n')}\n`);
    if (process.env['RECORD_SLOWEST'] !== 'true') return;
    const seconds = Object.fromEntries(slowest.map(({ file, ms }) => [file, Math.round(ms / 1000)]));
    writeFileSync(new URL('./slowest.json', import.meta.url), `${JSON.stringify(seconds, null, 2)}\n`);
  }
}
