import { eq } from 'drizzle-orm';
import { disputes } from '../../db/marketplace/disputes/schema.ts';
import { opsFlags } from '../../db/kernel/schema.ts';
import { sellerTransfers } from '../../db/marketplace/transfers/schema.ts';
import type { FlagKind } from '../../domain/flags.ts';
import { orderWorkflowId, refundWorkflowId, transferWorkflowId } from '../../domain/marketplace/ids.ts';
import {
  askRefund,
  completeOrder,
  letAnHourPass,
  payOrder,
  placeOrder,
  type Scene,
  statusOf,
  until,
} from './scene.ts';
import type { Made, Situation } from './situation.ts';
import { setStripeAccount } from '../seller-account.ts';

/** A refund whose call does not reach the PSP. */
async function refundUnheard(scene: Scene): Promise<Made> {
  const stall = await scene.openStall();
  const { orderId } = await completeOrder(scene, stall);
  const where = { payment_id: orderId };
  const fault = scene.psp.control.addFault({
    kind: 'dropBefore',
    match: 'refunds.create',
    where,
    times: 'always',
  });
  const subject = refundWorkflowId(await askRefund(stall, orderId));
  const workflow = scene.temporal.workflow.getHandle(subject);
  // Between two attempts: one that is under way when its workflow ends may still land.
  await until(
    async () => (await workflow.describe()).raw.pendingActivities?.[0],
    (activity) => (activity?.attempt ?? 0) > 1,
  );
  return { subject, heal: async () => scene.psp.control.clearFaults(fault) };
}

export const refundWaitsForPsp: Situation = {
  name: 'refund-waits-for-psp',
  title: 'A refund waits, because the PSP does not answer',
  make: refundUnheard,
  ways: { console: [{ take: 'nothing' }], temporal: [{ take: 'reset_activity' }] },
  ends: 'succeeded',
};

export const refundNeverAnswered: Situation = {
  name: 'refund-never-answered',
  title: 'A refund is asked for without end, and the PSP, which otherwise works, never answers it',
  async make(scene) {
    const { subject } = await refundUnheard(scene);
    // Nothing heals it: the PSP goes on in the same way.
    return { subject, heal: async () => {} };
  },
  ways: { console: [{ take: 'action', action: 'give_up' }, { take: 'time' }], temporal: null },
  ends: 'failed',
};

export const refundOrphan: Situation = {
  name: 'refund-orphan',
  title: 'A refund that the PSP never received, and that nothing asks for any more',
  async make(scene) {
    const made = await refundUnheard(scene);
    await scene.temporal.workflow.getHandle(made.subject).terminate('by hand');
    await letAnHourPass(scene, made.subject);
    return made;
  },
  ways: {
    console: [
      { take: 'sweep', phase: 'orphan_refunds' },
      { take: 'time' },
      { take: 'sweep', phase: 'orphan_refunds' },
    ],
    temporal: [
      { take: 'sweep', phase: 'orphan_refunds' },
      { take: 'time' },
      { take: 'sweep', phase: 'orphan_refunds' },
    ],
  },
  ends: 'failed',
};

export const refundWebhookLost: Situation = {
  name: 'refund-webhook-lost',
  title: 'A refund stays pending: the webhook that says it succeeded was lost',
  async make(scene) {
    const stall = await scene.openStall();
    const { orderId } = await completeOrder(scene, stall);
    const where = { payment_id: orderId };
    scene.psp.control.addFault({ kind: 'loseWebhook', match: 'refund_succeeded', where, times: 'always' });
    const refundId = await askRefund(stall, orderId);
    await until(
      async () => scene.psp.control.refunds(orderId),
      (refunds) => refunds.some((refund) => refund.status === 'succeeded'),
    );
    const subject = refundWorkflowId(refundId);
    await letAnHourPass(scene, subject);
    return { subject, heal: async () => {} };
  },
  ways: {
    console: [{ take: 'sweep', phase: 'stuck_refunds' }],
    temporal: [{ take: 'sweep', phase: 'stuck_refunds' }],
  },
  ends: 'succeeded',
};

export const paymentWebhookLost: Situation = {
  name: 'payment-webhook-lost',
  title: 'A buyer has paid and the order stays pending: the webhook of the payment was lost',
  async make(scene) {
    const stall = await scene.openStall();
    const orderId = await placeOrder(scene, stall);
    const where = { payment_id: orderId };
    scene.psp.control.addFault({ kind: 'loseWebhook', match: 'payment_succeeded', where, times: 'always' });
    scene.psp.control.pay(orderId);
    const subject = orderWorkflowId(orderId);
    await letAnHourPass(scene, subject);
    return { subject, heal: async () => {} };
  },
  ways: {
    console: [{ take: 'sweep', phase: 'stuck_orders' }],
    temporal: [{ take: 'sweep', phase: 'stuck_orders' }],
  },
  ends: 'completed',
};

export const giveBackRefused: Situation = {
  name: 'give-back-refused',
  title: 'A buyer paid the wrong amount, and the PSP refused to give it back',
  async make(scene) {
    const stall = await scene.openStall();
    const orderId = await placeOrder(scene, stall);
    const where = { payment_id: orderId };
    scene.psp.control.addFault({
      kind: 'refundOutcome',
      outcome: 'refused',
      code: 'IR_06',
      message: 'Refunds are not possible at the moment.',
      where,
    });
    scene.psp.control.pay(orderId, { amountReceivedMinor: 1_200 });
    const subject = orderWorkflowId(orderId);
    await until(
      () => statusOf(scene, subject),
      (status) => status === 'failed',
    );
    return { subject, heal: async () => {} };
  },
  ways: { console: [{ take: 'action', action: 'give_back' }], temporal: null },
  ends: 'refunded',
};

export const refundHeld: Situation = {
  name: 'refund-held',
  title: 'A refund is held: the PSP says that it gave the money back in another currency',
  async make(scene) {
    const stall = await scene.openStall();
    const { orderId } = await completeOrder(scene, stall);
    const { control } = scene.psp;
    control.addFault({ kind: 'refundOutcome', outcome: 'pending', where: { payment_id: orderId } });
    const refundId = await askRefund(stall, orderId);
    await until(
      async () => control.refunds(orderId),
      (made) => made.length > 0,
    );
    control.settleRefund(refundId, 'succeeded', undefined, { currency: 'USD' });
    const subject = refundWorkflowId(refundId);
    await flagged(scene, subject, 'amount_differs');
    return { subject, heal: async () => {} };
  },
  ways: { console: [{ take: 'action', action: 'settled_outside' }], temporal: null },
  ends: 'succeeded',
};

export const captureDiffers: Situation = {
  name: 'capture-differs',
  title: 'The PSP says that it captured another amount than our books have',
  async make(scene) {
    const { orderId } = await completeOrder(scene, await scene.openStall());
    const { control } = scene.psp;
    // As of an authorisation that somebody captured a second time.
    const { currency, amount } = control.pay(orderId, { amountReceivedMinor: 24_000, webhook: false });
    const object = { payment_id: orderId, status: 'succeeded', amount, amount_received: 24_000, currency };
    await control.sendWebhook(JSON.stringify({ event_type: 'payment_succeeded', content: { object } }));
    const flag = await flagged(scene, orderWorkflowId(orderId), 'capture_differs');
    return {
      subject: `flag/${flag.id}`,
      workflowId: orderWorkflowId(orderId),
      flagged: orderWorkflowId(orderId),
      heal: async () => {},
    };
  },
  ways: { console: [{ take: 'clear_flag', flag: 'capture_differs' }], temporal: null },
  ends: 'cleared',
};

async function flagged({ db }: Scene, subject: string, wanted: FlagKind) {
  const flags = await until(
    () => db.select().from(opsFlags).where(eq(opsFlags.subject, subject)),
    (all) => all.some(({ kind }) => kind === wanted),
  );
  return flags.find(({ kind }) => kind === wanted)!;
}

export const disputeOpen: Situation = {
  name: 'dispute-open',
  title: 'A buyer disputes a payment whose sellers have not got their shares yet',
  async make(scene) {
    const stall = await scene.openStall({ connected: false });
    const { orderId, transfer } = await payOrder(scene, stall);
    const dispute = scene.psp.control.openDispute(orderId);
    await until(
      () => scene.db.select().from(disputes).where(eq(disputes.orderId, orderId)),
      (rows) => rows.length > 0,
    );
    // The seller connects an account: now it is the dispute alone that holds the share.
    const { id, accountId } = stall.seller;
    scene.stripe.control.ensureAccount(accountId);
    await setStripeAccount(scene.db, id, accountId);
    const subject = transferWorkflowId(transfer.id);
    await scene.temporal.workflow.getHandle(subject).signal('retryNow');
    await until(
      () => scene.db.select().from(sellerTransfers).where(eq(sellerTransfers.id, transfer.id)),
      (rows) => rows.some(({ waitingFor }) => waitingFor === 'dispute'),
    );
    return {
      subject,
      flagged: orderWorkflowId(orderId),
      heal: async () => void scene.psp.control.closeDispute(dispute.dispute_id, 'won'),
    };
  },
  ways: { console: [{ take: 'clear_flag', flag: 'dispute_opened' }], temporal: [{ take: 'nothing' }] },
  ends: 'completed',
};

export const disputeUnbooked: Situation = {
  name: 'dispute-unbooked',
  title: 'A dispute was won and is not booked: a transfer that it changes is on its way at Stripe',
  async make(scene) {
    const stall = await scene.openStall({ connected: false });
    const { orderId, transfer } = await payOrder(scene, stall);
    const { control } = scene.psp;
    const dispute = control.openDispute(orderId, 6_000);
    const disputeIs = (isSo: (row: typeof disputes.$inferSelect | undefined) => boolean) =>
      until(
        async () => (await scene.db.select().from(disputes).where(eq(disputes.orderId, orderId)))[0],
        isSo,
      );
    control.closeDispute(dispute.dispute_id, 'lost');
    await disputeIs((row) => row?.status === 'lost');
    // The rest of the share is asked of Stripe, and the answer is lost.
    const { id, accountId } = stall.seller;
    scene.stripe.control.ensureAccount(accountId);
    const fault = scene.stripe.control.addFault({
      kind: 'status',
      status: 500,
      match: 'transfers.create',
      where: { destination: accountId },
      times: 'always',
    });
    await setStripeAccount(scene.db, id, accountId);
    const subject = transferWorkflowId(transfer.id);
    await scene.temporal.workflow.getHandle(subject).signal('retryNow');
    await until(
      () => scene.db.select().from(sellerTransfers).where(eq(sellerTransfers.id, transfer.id)),
      (rows) => rows.some(({ askedAt, retryCount }) => askedAt !== null && retryCount > 0),
    );
    control.closeDispute(dispute.dispute_id, 'won');
    await disputeIs((row) => row?.unbookedWhy === 'in_flight');
    // No flag is raised in the first minute, since it usually passes by itself.
    await scene.db
      .update(disputes)
      .set({ unbookedSince: new Date(Date.now() - 10 * 60_000) })
      .where(eq(disputes.orderId, orderId));
    await flagged(scene, orderWorkflowId(orderId), 'dispute_unbooked');
    return {
      subject,
      flagged: orderWorkflowId(orderId),
      heal: async () => scene.stripe.control.clearFaults(fault),
    };
  },
  ways: {
    console: [{ take: 'action', action: 'retry' }],
    temporal: [{ take: 'signal', signal: 'retryNow' }],
  },
  ends: 'completed',
};
