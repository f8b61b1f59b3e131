import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweepWorkflowId } from '../../domain/ids.ts';
import { SITUATIONS } from '../../sandbox/situations/index.ts';
import { letTenMinutesPass, openScene, type Scene, statusOf, until } from '../../sandbox/situations/scene.ts';
import type { Made, Situation, Step } from '../../sandbox/situations/situation.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { createWorld } from '../reconcile/support.ts';
import type { World } from '../harness/world.ts';

// Every stuck situation of the runbook is made, and solved twice: by the console's forms, and by what Temporal's UI does.

let world: World;
let scene: Scene;
beforeAll(async () => {
  // Whoever waits, waits for longer than a test: it is the way out that ends it.
  world = await createWorld({
    REVERSAL_BACKOFF_BASE: '10m',
    REVERSAL_BACKOFF_MAX: '1h',
    TRANSFER_RETRY_BACKOFF_BASE: '10m',
    TRANSFER_RETRY_BACKOFF_MAX: '1h',
    PSP_RETRY_BASE: '2s',
    PSP_RETRY_MAX: '2s',
  });
  scene = await openScene(world);
});
afterAll(async () => {
  await scene.close();
  await world.close();
});

async function solve(
  { make, ends }: Situation,
  steps: readonly Step[],
  take: (step: Step, made: Made) => Promise<void>,
): Promise<void> {
  const made = await make(scene);
  expect(await statusOf(scene, made.subject)).not.toBe(ends);
  await made.heal();
  for (const step of steps) await take(step, made);
  await until(
    () => statusOf(scene, made.subject),
    (status) => status === ends,
  );
  await expectCleanBooks(world);
}

async function inTemporal(step: Step, { subject }: Made): Promise<void> {
  const workflow = world.temporal.workflow.getHandle(subject);
  switch (step.take) {
    case 'signal':
      return workflow.signal(step.signal);
    case 'sweep': {
      // What the Schedule starts when it is triggered.
      const options = {
        taskQueue: world.config.TEMPORAL_TASK_QUEUE,
        workflowId: sweepWorkflowId(uuidv7()),
        args: [{ drain: false }],
      };
      await world.temporal.workflow.execute('reconcile', options);
      return undefined;
    }
    case 'reset_activity': {
      const { raw } = await workflow.describe();
      await world.temporal.workflowService.resetActivity({
        namespace: world.config.TEMPORAL_NAMESPACE,
        execution: { workflowId: subject },
        id: raw.pendingActivities?.[0]?.activityId ?? '',
      });
      return undefined;
    }
    case 'time':
      return letTenMinutesPass(scene, subject);
    case 'action':
    case 'nothing':
      throw new Error(`Temporal's UI does not ${step.take}`);
  }
}

const inBoth = SITUATIONS.filter(({ ways }) => ways.temporal !== null);

it('ten situations or more can be solved in either tool', () => {
  expect(inBoth.length).toBeGreaterThanOrEqual(10);
  expect(new Set(SITUATIONS.map(({ name }) => name)).size).toBe(SITUATIONS.length);
});

describe("solved from Temporal's UI alone", () => {
  it.each(inBoth.map((situation) => [situation.name, situation] as const))('%s', async (_, situation) => {
    await solve(situation, situation.ways.temporal ?? [], inTemporal);
  });
});
