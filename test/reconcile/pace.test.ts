import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPace } from '../../activities/reconcile/pace.ts';
import { createEngine } from '../../engine/index.ts';
import { until } from '../harness/wait.ts';
import { endWorkflow, takeTask } from '../engine/tasks-by-hand.ts';
import { World } from '../harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.close());

const ANY_LENGTH_MS = 600_000;
const running = new AbortController().signal;

it('a drain tells workflows no faster than workers take them up', async () => {
  const { engine, looks } = countingEngine();
  const { workflowId, taskQueue } = await startUnserved();
  const pace = createPace(engine, running, ANY_LENGTH_MS);
  pace.told(workflowId);
  let isCaughtUp = false;
  const caughtUp = pace.caughtUp().then(() => (isCaughtUp = true));
  await looks(3);
  expect(isCaughtUp).toBe(false);
  const task = await takeTask(world.temporal.connection, world.config.TEMPORAL_NAMESPACE, taskQueue);
  await caughtUp;
  await endWorkflow(world.temporal.connection, task);

  pace.told(workflowId);
  await pace.caughtUp();
});

it('a queue that nobody serves slows a batch once, and stops nothing', async () => {
  const { engine, looked } = countingEngine();
  const { workflowId } = await startUnserved();
  const pace = createPace(engine, running, 0);
  pace.told(workflowId);
  await pace.caughtUp();
  const before = looked();
  pace.told(workflowId);
  await pace.caughtUp();
  expect(looked()).toBe(before);
  await world.temporal.workflow.getHandle(workflowId).terminate();
});

it('a sweep that is cancelled waits for no worker', async () => {
  const { engine, looks } = countingEngine();
  const { workflowId } = await startUnserved();
  const cancelled = new AbortController();
  const pace = createPace(engine, cancelled.signal, ANY_LENGTH_MS);
  pace.told(workflowId);
  const caughtUp = pace.caughtUp();
  await looks(1);
  cancelled.abort();
  await caughtUp;
  await world.temporal.workflow.getHandle(workflowId).terminate();
});

/** A workflow in a queue that no worker polls. */
async function startUnserved() {
  const workflowId = `unserved/${uuidv7()}`;
  const taskQueue = `unserved-${uuidv7()}`;
  await world.temporal.workflow.start('anything', { workflowId, taskQueue });
  return { workflowId, taskQueue };
}

/** The real engine, and how often it was asked. */
function countingEngine() {
  const { waitsForWorker } = createEngine(world.temporal, {
    core: 'none',
    stripe: 'none',
    billing: 'none',
    people: 'none',
  });
  let count = 0;
  return {
    engine: {
      async waitsForWorker(workflowId: string) {
        const answer = await waitsForWorker(workflowId);
        count += 1;
        return answer;
      },
    },
    looked: () => count,
    looks: (atLeast: number) =>
      until(
        () => Promise.resolve(count),
        (seen) => seen >= atLeast,
      ),
  };
}
