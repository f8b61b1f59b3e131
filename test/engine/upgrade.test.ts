import { readFileSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createLogger } from '../../log.ts';
import { startWorker } from '../../worker.ts';
import { lookThrough } from './payloads.ts';
import { adopted, eventually } from '../harness/wait.ts';
import { openShop } from '../harness/shop.ts';
import { completedOrder, openedRefund } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import { readHistory } from '../histories/files.ts';

// The worked example of docs/upgrading.md: a refund waits for a second before the PSP is asked.

const now = () => readFileSync(inject('workflowBundlePaths').plain, 'utf8');
const PLACE = 'showAsking(row);';
const change = (step: (workflowModule: string) => string) => {
  const [, name] = /\(0,\s?(\w+)\.condition\)\(\(\)\s?=>\s?opening !== undefined\)/.exec(now()) ?? [];
  expect(name).toBeDefined();
  expect(now().includes(PLACE), `the bundle has ${PLACE}`).toBe(true);
  return now().replace(PLACE, `${PLACE} ${step(name!)}`);
};
const thoughtless = () => change((sdk) => `await (0,${sdk}.condition)(() => false, 1000);`);
const guarded = () =>
  change((sdk) => `if ((0,${sdk}.patched)('cooling-off')) await (0,${sdk}.condition)(() => false, 1000);`);

let world: World;
afterEach(async () => world?.close());

const workerWith = (code: string) =>
  startWorker(world.config, { log: createLogger('fatal'), workflowBundle: { code } });

/** A refund that waits for its webhook, with no worker left. */
async function openRefund() {
  world = await World.create();
  const shop = await openShop(world);
  world.psp.control.setRefundMode('manual');
  const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
  const refundId = await openedRefund(world, shop.buyer, orderId);
  await adopted(world, refundId);
  await world.stopWorker();
  return { shop, refundId, workflowId: `refund/${refundId}` };
}

describe('a new step in a workflow that has open executions', () => {
  it('without a guard: the replay says so before anything is deployed', async () => {
    const replay = (code: string) =>
      Worker.runReplayHistory({ workflowBundle: { code } }, readHistory('refund-open'), 'refund/recorded');
    await expect(replay(thoughtless())).rejects.toThrow(DeterminismViolationError);
    await expect(replay(guarded())).resolves.toBeUndefined();
  });

  it('deployed all the same: the open refund stands still, visibly, and goes on with the guarded code', async () => {
    const { shop, refundId, workflowId } = await openRefund();
    const wrong = await workerWith(thoughtless());
    world.psp.control.settleRefund(refundId, 'succeeded');
    await eventually(async () => {
      const { failures } = await lookThrough(world, workflowId);
      expect(failures.map(({ message }) => message).join('\n')).toMatch(/nondeterminism|TMPRL1100/i);
    });
    expect((await world.refund(refundId)).status).toBe('pending');
    await wrong.close();

    const right = await workerWith(guarded());
    expect(await world.finished(workflowId)).toEqual({ status: 'succeeded' });
    expect(world.psp.control.requests('refunds.create')).toHaveLength(1);

    // What begins now takes the new step.
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const next = await openedRefund(world, shop.buyer, orderId);
    await adopted(world, next);
    world.psp.control.settleRefund(next, 'succeeded');
    await world.finished(`refund/${next}`);
    const { events } = await world.temporal.workflow.getHandle(`refund/${next}`).fetchHistory();
    expect((events ?? []).some((event) => event.timerFiredEventAttributes)).toBe(true);
    await right.close();
  });
});
