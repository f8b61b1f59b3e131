import { orderWorkflowId, refundWorkflowId } from '../../domain/ids.ts';
import { askRefund, completeOrder, letAnHourPass, placeOrder, type Scene, statusOf, until } from './scene.ts';
import type { Made, Situation } from './situation.ts';

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
  title: "A refund stays pending: the PSP's word that it succeeded was lost",
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
