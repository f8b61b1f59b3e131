import type { temporal } from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { expectCleanBooks } from '../harness/books.ts';
import { said, start } from '../harness/processes.ts';
import { installStops, type Stops } from './stops.ts';
import { type Catalog, openCatalog } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';

/** A worker of one's own starts from sources, and what a dead one held is noticed by its missing heartbeats. */
vi.setConfig({ testTimeout: 120_000 });

let world: World;
let people: Catalog;
let stops: Stops;
const processes: ReturnType<typeof start>[] = [];
beforeAll(async () => {
  world = await World.create({ worker: false });
  people = await openCatalog(world);
  stops = await installStops(world);
  // Nobody but the test ends a refund, so that phase 2 is all that is in flight.
  world.psp.control.setRefundMode('manual');
});
afterEach(async () => {
  for (const { child, ended } of processes.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await stops.close();
  await world.close();
});

/** A worker process whose activity `askProvider` has the PSP's answer and waits for its commit; it was told to stop. */
async function toldToStopInFlight() {
  const worker = start('worker.ts', [], { ...world.env, LOG_LEVEL: 'info' });
  processes.push(worker);
  await said(worker, /"worker polling"/);
  const { orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
  await stops.hold(`at refunds ${orderId} pending adopted`);
  const refundId = await openedRefund(world, people.buyer, orderId);
  await stops.reached(`at refunds ${orderId} pending adopted`);
  worker.child.kill('SIGTERM');
  await said(worker, /"worker stopping"/);
  return { worker, refundId };
}

type Event = temporal.api.history.v1.IHistoryEvent;

async function eventsOf(refundId: string): Promise<readonly Event[]> {
  const { events } = await world.temporal.workflow.getHandle(`refund/${refundId}`).fetchHistory();
  return events ?? [];
}

/** The worker has answered its last task, and there is none to do. */
const isAtRest = (events: readonly Event[]) => !!events.at(-1)?.workflowTaskCompletedEventAttributes;

/** How the attempts at the PSP ended, as the refund's history tells it. */
async function attemptsOf(refundId: string) {
  return (await eventsOf(refundId)).flatMap((event) => {
    if (event.activityTaskStartedEventAttributes)
      return [`started, attempt ${event.activityTaskStartedEventAttributes.attempt}`];
    if (event.activityTaskCompletedEventAttributes) return ['completed'];
    if (event.activityTaskTimedOutEventAttributes) return ['timed out'];
    if (event.activityTaskFailedEventAttributes) return ['failed'];
    return [];
  });
}

/** The refund goes on where it was left. */
async function endedByTheNextWorker(refundId: string): Promise<void> {
  await world.startWorker();
  world.psp.control.settleRefund(refundId, 'succeeded');
  await world.finished(`refund/${refundId}`);
  const [reversal] = await world.reversalsOf(refundId);
  await world.finished(`reversal/${reversal!.id}`);
  await world.stopWorker();
  await expectCleanBooks(world);
}

test('on SIGTERM a worker finishes the activity in flight, hands its result back, and ends with 0', async () => {
  const { worker, refundId } = await toldToStopInFlight();
  expect(worker.child.exitCode).toBeNull();
  await stops.settleAll();
  expect(await worker.ended).toMatchObject({ code: 0 });
  expect((await world.refund(refundId)).hyperswitchRefundId).toBe(refundId);
  expect(await attemptsOf(refundId)).toEqual(['started, attempt 1', 'completed']);
  await endedByTheNextWorker(refundId);
});

test('on the second SIGTERM it ends at once, and what was in flight is done by the next', async () => {
  const { worker, refundId } = await toldToStopInFlight();
  worker.child.kill('SIGTERM');
  // The activity still waits: nothing but the signal can have ended it.
  expect(await worker.ended).toMatchObject({ code: 1 });
  expect(worker.output.stdout).not.toContain('"worker stopped"');
  await stops.settleAll();
  await endedByTheNextWorker(refundId);
  expect((await world.refund(refundId)).status).toBe('succeeded');
});

/**
 * How long the engine kept the next task for the worker that had the last one, before it offered it to all. `begun`: it handed
 * the task to a call of the dead worker's that it still took for open, and that task runs out after its own ten seconds.
 */
async function keptForTheLastWorkerMs(refundId: string): Promise<number | 'begun' | undefined> {
  const events = await eventsOf(refundId);
  const end = events.find((event) => event.workflowTaskTimedOutEventAttributes);
  const { scheduledEventId, startedEventId } = end?.workflowTaskTimedOutEventAttributes ?? {};
  const begin = events.find(({ eventId }) => scheduledEventId?.eq(eventId ?? 0));
  if (end === undefined || begin === undefined) return undefined;
  return startedEventId?.isZero() === false ? 'begun' : msOf(end) - msOf(begin);
}

const msOf = ({ eventTime }: Event) =>
  Number(eventTime?.seconds) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;

test('on SIGKILL, what comes next of its refunds is kept for the dead worker for a second and not for ten', async () => {
  const worker = start('worker.ts', [], { ...world.env, LOG_LEVEL: 'info' });
  processes.push(worker);
  await said(worker, /"worker polling"/);
  const refundIds: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    const { orderId } = await completedOrder(world, people.buyer, [people.products[0]!.id]);
    const refundId = await openedRefund(world, people.buyer, orderId);
    refundIds.push(refundId);
    await until(
      () => eventsOf(refundId),
      (events) => events.some(({ activityTaskCompletedEventAttributes: asked }) => asked) && isAtRest(events),
    );
  }
  worker.child.kill('SIGKILL');
  await worker.ended;
  let kept: number | 'begun' | undefined;
  for (const refundId of refundIds) {
    world.psp.control.settleRefund(refundId, 'succeeded');
    if (typeof kept === 'number') continue;
    kept = await until(
      () => keptForTheLastWorkerMs(refundId),
      (ms) => ms !== undefined,
    );
  }
  // By the engine's own clock; it may be late, and never early.
  expect(kept).toBeGreaterThanOrEqual(1_000);
  expect(kept).toBeLessThan(5_000);
  await world.startWorker();
  for (const refundId of refundIds) {
    await world.finished(`refund/${refundId}`);
    const [reversal] = await world.reversalsOf(refundId);
    await world.finished(`reversal/${reversal!.id}`);
    expect((await world.refund(refundId)).status).toBe('succeeded');
  }
  await world.stopWorker();
  await expectCleanBooks(world);
});
