import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds that the slowest files took, by their paths, as `slowest.ts` wrote them. */
const RECORDED = JSON.parse(readFileSync(new URL('./slowest.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, number>
>;

/** Starts the slowest files first: the run waits for one that begins late when all others have ended. */
export default class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const secondsOf = ({ moduleId }: TestSpecification) =>
      RECORDED[relative(this.ctx.config.root, moduleId)] ?? 0;
    // All others stay as vitest orders them: by their last run here, or by their size.
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own, which answers with a copy
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => secondsOf(b) - secondsOf(a));
  }
}
