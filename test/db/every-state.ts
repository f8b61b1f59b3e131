import { refundAsOperator } from '../../db/marketplace/refunds/refund-as-operator.ts';
import { failRefund } from '../../db/marketplace/refunds/fail.ts';
import { recordOutsideReversals } from '../../db/marketplace/reversals/record-outside.ts';
import { settleRefund } from '../../db/marketplace/refunds/settle.ts';
import { PURCHASES, ownDatabase, storyOn } from '../marketplace/verbs.ts';
import { captured, failed as declined, subscriptionsOn } from '../subscriptions/paid-rows.ts';

/** A database that holds an order, and a subscription, in every state that the verbs can bring it to; with ids of some. */
export async function everyState() {
  const database = await ownDatabase();
  const story = await storyOn(database);
  const { db } = database;

  await story.place();
  await story.pay();
  const completed = await story.complete();
  const returned = await story.place();
  await story.settlePayment(returned, story.capture(1));

  const refunded = await story.complete();
  const { reversals } = await story.refund(refunded);
  for (const { reversalId } of reversals) await story.reverse(reversalId);
  const reversed = reversals[0]!.reversalId;

  const partly = await story.complete();
  const open = await story.refund(partly, 100);
  const openReversal = open.reversals[0]!.reversalId;
  await story.refund(partly, 33);

  const pending = await story.complete();
  const pendingRefund = await story.openRefund(pending);
  const failed = await story.openRefund(await story.pay());
  await failRefund(db, failed, { message: 'no' }, PURCHASES);

  const outside = await story.complete();
  const [transfer] = await story.transfers(outside);
  const seen = { stripeReversalId: story.stripeId('trr'), amountMinor: 70, reversalId: null };
  await recordOutsideReversals(db, transfer!.id, [seen], null);
  await story.refund(outside, 50);

  const billing = subscriptionsOn(database);
  const { id: subscription, invoiceId: invoice } = await billing.paid();
  const renewal = await billing.renew(subscription);
  await billing.settle(renewal, declined());
  await billing.settle(await billing.tryAgain(renewal), captured(999));
  await billing.settle(renewal, captured(999));
  const { invoiceId: refundedInvoice } = await billing.paid();
  const act = { actor: story.admin.id, reason: 'they asked' };
  const of = { kind: 'invoice', id: refundedInvoice } as const;
  const given = await db.transaction((tx) => refundAsOperator(tx, { of, ...act }, PURCHASES));
  await settleRefund(db, given.id, { providerRefundId: given.id }, PURCHASES);

  const ids = {
    ...{ completed, refunded, pendingRefund, openReversal, reversed },
    // The renewal is paid by its second attempt; the money of the first is held.
    ...{ subscription, invoice, renewal, refundedInvoice },
  };
  return { database, story, ids };
}
