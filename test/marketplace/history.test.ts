import { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { EngineCost } from '../../bench/history/cost.ts';
import { costOfRefund, SOON } from '../../bench/history/refund.ts';
import { refundedOrder, soldOrder } from '../harness/refunded.ts';
import { openShop, PRICE_MINOR, type Shop } from '../harness/shop.ts';
import { openedRefund } from '../harness/stories.ts';
import { STRIPE_IS_DOWN } from '../harness/trouble.ts';
import { until } from '../harness/wait.ts';
import { World } from '../harness/world.ts';

/** Webhook and answer race, and a loser costs some events more: one of so many has to do. */
const TRIES = 3;

interface Path {
  readonly body?: object;
  readonly pspFailures?: number;
  readonly stripeFailures?: number;
  /** Over the refund's history and the reversal's. They may only fall. */
  readonly most: EngineCost;
}

const PATHS: Readonly<Record<string, Path>> = {
  'whole, with one reversal': { most: { events: 15, workflowTasks: 2, actions: 6 } },
  'partial, with one reversal': {
    body: { amount: PRICE_MINOR / 2 },
    most: { events: 15, workflowTasks: 2, actions: 6 },
  },
  'asked of the PSP three times': { pspFailures: 2, most: { events: 15, workflowTasks: 2, actions: 8 } },
  'with a reversal that is retried three times': {
    stripeFailures: 3,
    // Three waits. On a slow machine the first is over before the workflow starts, and costs 12 events less.
    most: { events: 58, workflowTasks: 9, actions: 18 },
  },
};

describe('what a refund costs the engine', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    world = await World.create({ env: SOON });
    shop = await openShop(world);
  });
  afterEach(() => {
    world.psp.control.clearFaults();
    world.stripe.control.clearFaults();
  });
  afterAll(() => world.close());

  async function costOfOne({ body = {}, pspFailures = 0, stripeFailures = 0 }: Path): Promise<EngineCost> {
    const { refundId, reversal } = await refundedOrder(world, {
      shop,
      body,
      troubles: stripeFailures === 0 ? [] : [{ ...STRIPE_IS_DOWN, times: stripeFailures }],
      before: ({ orderId }) => {
        const where = { payment_id: orderId };
        const fault = { kind: 'status', status: 503, match: 'refunds.create', where } as const;
        if (pspFailures > 0) world.psp.control.addFault({ ...fault, times: pspFailures });
      },
    });
    expect(await world.finished(`reversal/${reversal.id}`)).toEqual({ status: 'reversed' });
    const [{ retryCount } = { retryCount: -1 }] = await world.reversalsOf(refundId);
    expect(retryCount).toBe(stripeFailures);
    return costOfRefund(world.temporal, { refundId, reversalId: reversal.id, pspFailures });
  }

  it.each(Object.entries(PATHS))('%s', async (_name, path) => {
    const { most } = path;
    const costs: EngineCost[] = [];
    const isWithin = ({ events, workflowTasks, actions }: EngineCost) =>
      events <= most.events && workflowTasks <= most.workflowTasks && actions <= most.actions;
    while (costs.length < TRIES && !costs.some(isWithin)) costs.push(await costOfOne(path));
    expect(costs.some(isWithin), JSON.stringify({ most, costs })).toBe(true);
  });

  it('a verb that the database refuses for long waits by timers of the server, with no task open, and replays', async () => {
    const { sql } = world.database;
    await sql.unsafe(`ALTER TABLE refunds ADD CONSTRAINT says_no CHECK (status <> 'succeeded') NOT VALID`);
    const { orderId } = await soldOrder(world, shop);
    const refundId = await openedRefund(world, shop.buyer, orderId);
    const workflowId = `refund/${refundId}`;
    const handle = world.temporal.workflow.getHandle(workflowId);
    const timers = async () => {
      const { events } = await handle.fetchHistory();
      return (events ?? []).filter((event) => event.timerStartedEventAttributes);
    };
    await until(timers, (started) => started.length > 0);
    await until(
      () => handle.describe(),
      ({ raw }) => !raw.pendingWorkflowTask,
    );
    expect(await timers()).toHaveLength(1);
    await sql.unsafe('ALTER TABLE refunds DROP CONSTRAINT says_no');
    expect(await world.finished(workflowId)).toEqual({ status: 'succeeded' });
    const [reversal] = await world.reversalsOf(refundId);
    expect(await world.finished(`reversal/${reversal!.id}`)).toEqual({ status: 'reversed' });
    const bundle = { codePath: inject('workflowBundlePaths').plain };
    await Worker.runReplayHistory({ workflowBundle: bundle }, await handle.fetchHistory(), workflowId);
  });
});
