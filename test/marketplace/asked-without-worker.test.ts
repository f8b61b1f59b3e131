import { readFileSync } from 'node:fs';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { keepAsk } from '../../db/kernel/index.ts';
import { reversalLabel } from '../../db/marketplace/labels.ts';
import { VezaError } from '../../domain/errors.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { reversedUnseen, soldOrder } from '../harness/refunded.ts';
import { openShop, PRICE_MINOR } from '../harness/shop.ts';
import { signal, storedWebhook } from '../harness/stories.ts';
import { World } from '../harness/world.ts';

// Messages that all wait for a worker come together in a run's first task: what they do must replay.

let world: World;
beforeAll(async () => {
  world = await World.create({ env: { PSP_READ_LAG: '1s', REVERSAL_MAX_RETRIES: '2' } });
});
afterAll(() => world.close());

const MONEY = { amountMinor: PRICE_MINOR, currency: 'USD' } as const;

interface Story {
  readonly workflowId: string;
  /** Each a caller of its own, who asks until there is an answer. */
  readonly updates: readonly (() => Promise<unknown>)[];
  readonly signals: readonly (() => Promise<void>)[];
  /** All have been answered, with this. */
  readonly expectDone: (answers: readonly unknown[]) => Promise<void>;
}

async function order(): Promise<Story> {
  const shop = await openShop(world);
  const orderId = uuidv7();
  await keepAsk(world.database.db, orderId, {
    kind: 'order',
    buyerId: shop.buyer.id,
    productIds: shop.productIds,
  });
  const workflowId = `order/${orderId}`;
  const place = () => world.engine.placeOrder({ orderId }, MONEY);
  const hint = { ...MONEY, verdict: 'captured', receivedMinor: PRICE_MINOR } as const;
  const rest = { message: null, connectorTransactionId: null };
  return {
    workflowId,
    updates: [place, place, place],
    signals: [
      async () => world.engine.notifyOrder(orderId, { ...hint, ...rest }, MONEY),
      async () => signal(world, workflowId, 'nobodyKnowsIt'),
      async () =>
        world.engine.notifyOrderOutside(
          orderId,
          {
            kind: 'refund',
            providerRefundId: 're_unknown',
            ...MONEY,
            webhookId: await storedWebhook(world),
          },
          MONEY,
        ),
    ],
    async expectDone(answers) {
      const [first] = answers;
      expect(first).toMatchObject({ orderId, payment: { paymentId: orderId } });
      for (const answer of answers) expect(answer).toEqual(first);
      expect((await world.order(orderId)).status).toBe('pending');
      world.psp.control.pay(orderId);
      expect(await world.finished(workflowId)).toEqual({ status: 'completed' });
    },
  };
}

async function refund(): Promise<Story> {
  const { shop, orderId } = await soldOrder(world);
  const refundId = uuidv7();
  await keepAsk(world.database.db, refundId, {
    kind: 'refund',
    orderId,
    caller: { userId: shop.buyer.id, role: shop.buyer.role },
  });
  const workflowId = `refund/${refundId}`;
  const label = { purchase: { kind: 'order', id: orderId }, ...MONEY } as const;
  const open = () => world.engine.requestRefund({ refundId }, label);
  const endAsking = () => world.engine.endRefundAsking(refundId, label);
  const hint = { status: 'succeeded', providerRefundId: null, message: null } as const;
  return {
    workflowId,
    updates: [open, endAsking, open, endAsking],
    signals: [
      async () => world.engine.notifyRefund(refundId, hint, label),
      async () => world.engine.markRefundWaiting(refundId, { attempt: 2, lastError: 'HTTP 503' }),
      async () => signal(world, workflowId, 'nobodyKnowsIt'),
    ],
    async expectDone(answers) {
      const opened = answers.filter((answer) => typeof answer === 'object' && 'opened' in answer!);
      expect(opened).toHaveLength(2);
      for (const answer of opened) expect(answer).toMatchObject({ opened: { refundId } });
      const outcome = (await world.finished(workflowId)) as { status: string };
      // The asking ended before a call went out, or after it: either way the PSP has what the row says.
      const made = world.psp.control.refunds(orderId).filter((one) => one.status === 'succeeded');
      expect(made).toHaveLength(outcome.status === 'succeeded' ? 1 : 0);
      expect((await world.refund(refundId)).status).toBe(outcome.status);
    },
  };
}

async function reversal(): Promise<Story> {
  const { shop, reversal: row, transfer, workflowId } = await reversedUnseen(world);
  const acted = { reason: 'the seller paid by bank transfer', resolution: 'written_off' };
  await world.post(shop.admin, `/admin/reversals/${row.id}/resolve`, acted);
  const label = reversalLabel(transfer, row);
  const adopt = () => world.engine.adoptReversal(label);
  return {
    workflowId,
    updates: [adopt, adopt],
    signals: [
      async () => world.engine.retryReversal(label),
      async () => signal(world, workflowId, 'nobodyKnowsIt'),
      async () => signal(world, workflowId, 'giveUp', 'nobody waits for it'),
    ],
    async expectDone(answers) {
      for (const answer of answers) expect(answer).toMatchObject({ status: 'reversed' });
      expect(await world.finished(workflowId)).toEqual({ status: 'reversed' });
    },
  };
}

const AWAY = (error: unknown) => error instanceof VezaError && error.code === 'engine_unavailable';

/** As the API does: who hears nothing asks again. */
async function untilAnswered(ask: () => Promise<unknown>): Promise<unknown> {
  for (let asks = 0; asks < 5; asks += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!AWAY(error)) throw error;
    }
  }
  return ask();
}

it.each([
  ['order', 'updates', order],
  ['order', 'signals', order],
  ['refund', 'updates', refund],
  ['refund', 'signals', refund],
  ['reversal', 'updates', reversal],
  ['reversal', 'signals', reversal],
] as const)(
  '%s: what came while no worker ran replays, %s first',
  async (_, first, tell) => {
    const { workflowId, updates, signals, expectDone } = await tell();
    await world.stopWorker();
    const told = async () => {
      for (const send of signals) await send();
    };
    if (first === 'signals') await told();
    const asking = updates.map(untilAnswered);
    if (first === 'updates') await told();
    await world.startWorker();
    await expectDone(await Promise.all(asking));
    const code = readFileSync(inject('workflowBundlePaths').plain, 'utf8');
    const history = await world.temporal.workflow.getHandle(workflowId).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: { code } }, history, workflowId);
    await expectCleanBooks(world);
  },
  120_000,
);
