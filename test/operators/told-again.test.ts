import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keepPlatformSetting } from '../../db/kernel/platform-setting.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { auditLogOf, flagsOf, onlyTransfer, refundsOf, reversalRow } from '../harness/read.ts';
import { until, waitsFor } from '../harness/wait.ts';
import { earnedShop, openedPayout, payoutIs, payoutRow } from '../harness/payouts.ts';
import { refundedOrder, reversedUnseen } from '../harness/refunded.ts';
import { temporalAddress } from '../harness/services.ts';
import { makePerson, NET_MINOR, openShop, PRICE_MINOR } from '../harness/shop.ts';
import { completedOrder, paidOrder, placedOrder, settledRefund } from '../harness/stories.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { onTransfersTo, REFUSED } from '../harness/trouble.ts';
import { type Person, World } from '../harness/world.ts';
import { age, sweep } from '../reconcile/support.ts';
import { approveAs, awaited, codeOf, failedReversal } from './support.ts';

// The API reaches Temporal over a wire that is cut just when a second admin agrees; the worker does not notice.

interface Agreed {
  /** What is asked for: of one row, or of a list. */
  readonly ask: { readonly path: string; readonly body: Readonly<Record<string, unknown>> };
  readonly subject?: string;
  /** Resolves once what was agreed to has come of it. */
  came(): Promise<void>;
  /** The rows that a sweep would find without a workflow. */
  lost?(): Promise<readonly (readonly [table: Parameters<typeof age>[1], id: string])[]>;
}

describe('an approved action whose call to the engine failed', () => {
  let wire: TcpProxy;
  let world: World;
  let first: Person;
  let second: Person;
  let third: Person;
  beforeAll(async () => {
    const [host, port] = temporalAddress().split(':');
    wire = await startTcpProxy({ host: host!, port: Number(port) });
    const env = {
      TEMPORAL_ADDRESS: wire.address,
      FOUR_EYES_ABOVE_MINOR: '1',
      TRANSFER_RETRY_MAX_RETRIES: '0',
      TRANSFER_RETRY_BACKOFF_BASE: '1h',
      TRANSFER_RETRY_BACKOFF_MAX: '1h',
      REVERSAL_MAX_RETRIES: '0',
      REVERSAL_BACKOFF_MAX: '1h',
    };
    world = await World.create({ env, worker: false });
    await world.startWorker({ TEMPORAL_ADDRESS: temporalAddress() });
    await keepPlatformSetting(world.database.db, 'temporal_namespace_id', await world.engine.namespaceId());
    first = await makePerson(world, 'admin');
    second = await makePerson(world, 'admin');
    third = await makePerson(world, 'admin');
  });
  afterEach(async () => {
    await wire.up();
    world.stripe.control.clearFaults();
    world.psp.control.clearFaults();
    world.psp.control.setRefundMode('auto');
  });
  afterAll(async () => {
    await world.close();
    await wire.down();
  });

  const act = (action: string, subject: string): Pick<Agreed, 'ask' | 'subject'> => ({
    ask: { path: '/admin/actions', body: { action, subject, reason: 'it was asked for' } },
    subject,
  });

  async function retriedTransfer(): Promise<Agreed> {
    const shop = await openShop(world);
    const fault = onTransfersTo(world, shop.seller.accountId, { ...REFUSED, times: 'always' });
    const orderId = await paidOrder(world, shop.buyer, shop.productIds);
    const { id } = await onlyTransfer(world, orderId);
    expect(await world.finished(`transfer/${id}`)).toEqual({ status: 'permanently_failed' });
    world.stripe.control.clearFaults(fault);
    const successor = async () => (await world.transfersOf(orderId)).find((row) => row.retryOf === id)!;
    return {
      ...act('retry', `transfer/${id}`),
      came: async () => {
        expect(await world.finished(`transfer/${(await successor()).id}`)).toEqual({ status: 'completed' });
      },
      lost: async () => [['seller_transfers', (await successor()).id]],
    };
  }

  async function retriedReversal(): Promise<Agreed> {
    const { reversalId, refundId } = await failedReversal(world, PRICE_MINOR);
    const successor = async () =>
      (await world.reversalsOf(refundId)).find((row) => row.retryOf === reversalId)!;
    return {
      ...act('retry', `reversal/${reversalId}`),
      came: async () => {
        expect(await world.finished(`reversal/${(await successor()).id}`)).toEqual({ status: 'reversed' });
      },
      lost: async () => [['transfer_reversals', (await successor()).id]],
    };
  }

  async function retriedList(): Promise<Agreed> {
    const { shop, reversalId, refundId } = await failedReversal(world, PRICE_MINOR);
    const stuck = { kinds: ['failed_reversal'], seller_id: shop.seller.id };
    const preview = await world.post(first, '/admin/bulk/preview', { action: 'retry', stuck });
    expect(preview.status, JSON.stringify(preview.body)).toBe(200);
    const fingerprint = preview.body['preview']!['fingerprint'];
    const successor = async () =>
      (await world.reversalsOf(refundId)).find((row) => row.retryOf === reversalId)!;
    return {
      ask: {
        path: '/admin/bulk',
        body: { action: 'retry', stuck, fingerprint, reason: 'it was asked for' },
      },
      came: async () => {
        expect(await world.finished(`reversal/${(await successor()).id}`)).toEqual({ status: 'reversed' });
      },
    };
  }

  async function adoptedReversal(): Promise<Agreed> {
    const { reversal, workflowId } = await reversedUnseen(world);
    const written = await world.post(first, `/admin/reversals/${reversal.id}/resolve`, {
      resolution: 'written_off',
      reason: 'the seller is gone',
    });
    expect((await approveAs(world, second, awaited(written))).status).toBe(200);
    return {
      ...act('retry', workflowId),
      came: async () => expect((await reversalRow(world, reversal.id)).status).toBe('reversed'),
    };
  }

  async function givenUpReversal(): Promise<Agreed> {
    const { reversal, workflowId } = await refundedOrder(world, {
      before: ({ shop }) => world.stripe.control.drainAccount(shop.seller.accountId),
    });
    await waitsFor(world, reversal.id, 'seller_funds');
    return {
      ...act('give_up', workflowId),
      came: async () => {
        expect(await world.finished(workflowId)).toEqual({ status: 'permanently_failed' });
      },
    };
  }

  /** The seller has spent at Stripe what is to be paid out. */
  async function waitingPayout() {
    const { seller } = await earnedShop(world);
    world.stripe.control.drainAccount(seller.accountId);
    const id = await openedPayout(world, seller);
    await payoutIs(world, id, (row) => row.waitingFor !== null);
    return { id, seller };
  }

  async function retriedPayout(): Promise<Agreed> {
    const { id, seller } = await waitingPayout();
    world.stripe.control.topUpAccount(seller.accountId, 'usd', NET_MINOR);
    return {
      ...act('retry', `payout/${id}`),
      came: async () => {
        expect(await world.finished(`payout/${id}`)).toEqual({ status: 'paid' });
      },
    };
  }

  async function givenUpPayout(): Promise<Agreed> {
    const { id } = await waitingPayout();
    return {
      ...act('give_up', `payout/${id}`),
      came: async () => {
        await world.finished(`payout/${id}`);
        expect((await payoutRow(world, id)).status).toBe('failed');
      },
    };
  }

  async function returnedRefund(): Promise<Agreed> {
    const shop = await openShop(world);
    const { orderId } = await completedOrder(world, shop.buyer, shop.productIds);
    const { refundId } = await settledRefund(world, shop.buyer, orderId);
    const resent = async () => (await world.transfersOf(orderId)).find((row) => row.retryOf !== null)!;
    return {
      ...act('mark_returned', `refund/${refundId}`),
      came: async () => {
        expect(await world.finished(`transfer/${(await resent()).id}`)).toEqual({ status: 'completed' });
      },
      lost: async () => [['seller_transfers', (await resent()).id]],
    };
  }

  async function givenBack(): Promise<Agreed> {
    const shop = await openShop(world);
    const orderId = await placedOrder(world, shop.buyer, shop.productIds);
    world.psp.control.setRefundMode('manual');
    world.psp.control.pay(orderId, { amountReceivedMinor: PRICE_MINOR - 1 });
    expect(await world.finished(`order/${orderId}`)).toEqual({ status: 'given_back' });
    const [refused] = await refundsOf(world, orderId);
    await until(
      () => world.refund(refused!.id),
      (row) => row.hyperswitchRefundId !== null,
    );
    world.psp.control.settleRefund(refused!.id, 'failed', 'card closed');
    expect(await world.finished(`refund/${refused!.id}`)).toMatchObject({ status: 'failed' });
    world.psp.control.setRefundMode('auto');
    expect(await flagsOf(world, `refund/${refused!.id}`)).toEqual(['give_back_failed']);
    const anew = async () => (await refundsOf(world, orderId)).find(({ id }) => id !== refused!.id)!;
    return {
      ...act('give_back', `order/${orderId}`),
      came: async () => {
        expect(await world.finished(`refund/${(await anew()).id}`)).toEqual({ status: 'succeeded' });
      },
      lost: async () => [['refunds', (await anew()).id]],
    };
  }

  /** Agreed to and done, while nobody could tell the engine. */
  async function agreedToInVain(agreed: Agreed): Promise<string> {
    const approvalId = awaited(await world.post(first, agreed.ask.path, agreed.ask.body));
    await wire.down();
    expect(codeOf(await approveAs(world, second, approvalId))).toEqual([503, 'engine_unavailable']);
    await wire.up();
    return approvalId;
  }

  const listed = async (approvalId: string) => {
    const { body } = await world.get(third, '/admin/stuck?kind=approval&limit=200');
    return body['data']!.filter((row) => row['id'] === approvalId);
  };

  const ageDecision = (approvalId: string) =>
    world.database
      .sql`UPDATE approvals SET decided_at = decided_at - interval '2 minutes' WHERE id = ${approvalId}`;

  const KINDS = {
    'a transfer that failed for good, retried': retriedTransfer,
    'a reversal that failed for good, retried': retriedReversal,
    'a list of reversals, retried': retriedList,
    'a reversal that was written off, looked for at Stripe': adoptedReversal,
    'an open reversal, given up': givenUpReversal,
    'an open payout, retried': retriedPayout,
    'an open payout, given up': givenUpPayout,
    'a refund that the bank returned': returnedRefund,
    'a payment, given back again': givenBack,
  };

  it.each(Object.entries(KINDS))('%s: any admin tells the engine again', async (_, prepare) => {
    const agreed = await prepare();
    const approvalId = await agreedToInVain(agreed);
    const next =
      'It was agreed to and done, but the engine was not told: after a minute any admin may approve it again, which tells it.';
    expect(await listed(approvalId)).toMatchObject([{ status: 'approved', next }]);
    // Whoever agreed may still be at it.
    expect(codeOf(await approveAs(world, third, approvalId))).toEqual([409, 'approval_ended']);
    await ageDecision(approvalId);
    const told = await approveAs(world, third, approvalId);
    expect(told.status, JSON.stringify(told.body)).toBe(200);
    expect(told.body['approval']).toMatchObject({ status: 'approved', decided_by: second.id });
    await agreed.came();
    expect(await listed(approvalId)).toEqual([]);
    if (agreed.subject !== undefined) {
      expect(await auditLogOf(world, agreed.subject)).toContainEqual(
        expect.objectContaining({ actor: third.id, action: expect.stringMatching(/^approval\.tell /) }),
      );
    }
    // Told once, it has ended for everybody but who agreed.
    expect(codeOf(await approveAs(world, third, approvalId))).toEqual([409, 'approval_ended']);
    expect((await approveAs(world, second, approvalId)).status).toBe(200);
    await expectCleanBooks(world);
  });

  it('whoever asked for it may tell the engine too, since nothing is left to be decided', async () => {
    const agreed = await retriedReversal();
    const approvalId = await agreedToInVain(agreed);
    expect(codeOf(await approveAs(world, first, approvalId))).toEqual([403, 'second_admin_required']);
    await ageDecision(approvalId);
    expect((await approveAs(world, first, approvalId)).status).toBe(200);
    await agreed.came();
  });

  it('what the engine looked at and refused is told, by name, and troubles nobody any more', async () => {
    const { reversalId } = await failedReversal(world, PRICE_MINOR);
    const written = await world.post(first, `/admin/reversals/${reversalId}/resolve`, {
      resolution: 'written_off',
      reason: 'the seller is gone',
    });
    expect((await approveAs(world, second, awaited(written))).status).toBe(200);
    const { ask } = act('retry', `reversal/${reversalId}`);
    const approvalId = awaited(await world.post(first, ask.path, ask.body));
    expect(codeOf(await approveAs(world, second, approvalId))).toEqual([409, 'reversal_not_retryable']);
    expect(await listed(approvalId)).toEqual([]);
    expect((await reversalRow(world, reversalId)).status).toBe('written_off');
  });

  it.each([
    ['a transfer that failed for good, retried', retriedTransfer],
    ['a reversal that failed for good, retried', retriedReversal],
    ['a refund that the bank returned', returnedRefund],
    ['a payment, given back again', givenBack],
  ] as const)('%s: the next sweep finds its row without a workflow', async (_, prepare) => {
    const agreed = await prepare();
    await agreedToInVain(agreed);
    for (const [table, id] of await agreed.lost!()) await age(world, table, id, '2 minutes');
    const { report } = await sweep(world, { admin: first }, 'lost_work');
    expect(report.lost_work).toMatchObject({ why: { restarted: 1 } });
    await agreed.came();
    await expectCleanBooks(world);
  });

  it('a payment given back that nobody started is no orphan: the sweep starts it, at the first look', async () => {
    const agreed = await givenBack();
    await agreedToInVain(agreed);
    for (const [table, id] of await agreed.lost!()) await age(world, table, id, '2 hours');
    const { report } = await sweep(world, { admin: first }, 'orphan_refunds');
    expect(report.orphan_refunds).toMatchObject({ failed: 0, why: { restarted: 1 } });
    await agreed.came();
    await expectCleanBooks(world);
  });
});
