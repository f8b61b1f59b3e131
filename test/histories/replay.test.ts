import { readFileSync } from 'node:fs';
import { DeterminismViolationError } from '@temporalio/workflow';
import { type ReplayResult, Worker } from '@temporalio/worker';
import { describe, expect, inject, it, test } from 'vitest';
import * as workflows from '../../workflows/index.ts';
// Installs the SDK's runtime, once a process; the paths import it too.
import '../harness/world.ts';
import { readHistory, recordedPaths, textOfHistory } from './files.ts';
import { PATHS } from './paths.ts';

// Histories of earlier code, against the code as it is now, in the bundle that workers run.

const code = () => readFileSync(inject('workflowBundlePaths').plain, 'utf8');

async function replay(bundle: string, ...paths: readonly string[]): Promise<ReplayResult[]> {
  const histories = paths.map((path) => {
    const history = readHistory(path);
    return { workflowId: history.events![0]!.workflowExecutionStartedEventAttributes!.workflowId!, history };
  });
  const results: ReplayResult[] = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle: { code: bundle } }, histories)) {
    results.push(result);
  }
  return results;
}

const typeOf = (path: string) =>
  readHistory(path).events![0]!.workflowExecutionStartedEventAttributes!.workflowType!.name!;

describe('recorded histories', () => {
  it('there is one of every path, and none that no path records any more', () => {
    expect(recordedPaths()).toEqual(Object.keys(PATHS).toSorted());
  });

  it('there is one of every type of workflow', () => {
    expect([...new Set(recordedPaths().map(typeOf))].toSorted()).toEqual(Object.keys(workflows).toSorted());
  });

  it('all of them replay in the code as it is now', async () => {
    const results = await replay(code(), ...recordedPaths());
    expect(results).toHaveLength(recordedPaths().length);
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  test.each(recordedPaths())('%s tells nothing of the machine that recorded it', (path) => {
    const text = textOfHistory(path);
    expect(text).not.toMatch(/\b\d+@(?!recorder)|file:\/\/|["( ]\/(?:home|root|tmp|work|Users|var)\//);
    expect(text.length).toBeLessThan(100_000);
  });
});

describe('a change that open workflows cannot take', () => {
  /** What an engineer may do without a thought: one more step, before the others. */
  const changed = () => {
    const [before, after] = ['opening = await openRefund(request);', 'await askProvider(request.refundId);'];
    expect(code()).toContain(before);
    return code().replace(before, `${after} ${before}`);
  };

  it('is a DeterminismViolationError in the replay', async () => {
    const [result] = await replay(changed(), 'refund-happy');
    expect(result!.error).toBeInstanceOf(DeterminismViolationError);
  });

  it('is found in no history of another workflow', async () => {
    const [result] = await replay(changed(), 'transfer-sent');
    expect(result!.error).toBeUndefined();
  });
});
