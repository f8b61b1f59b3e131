import { and, eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { disputes } from '../disputes/schema.ts';
import { columnsOf, isOfPayment, type Purchase } from '../purchase.ts';
import { findGiveBack } from './find-give-back.ts';
import { type Refund, refunds } from './schema.ts';

/**
 * An operator gives back again a payment that its purchase did not take, after the first give-back failed: a new refund
 * of all that is still held. The purchase must be locked, by that payment. Flags of earlier give-backs stay until the
 * money has gone. Throws `…_not_refundable`, `…_disputed` and `refund_already_requested`.
 */
export async function giveBackAgain(
  tx: Tx,
  purchase: Purchase,
  act: Act & { readonly reason: string },
): Promise<Refund> {
  const { kind, id, status, workflowId } = purchase;
  const held = heldOf(purchase);
  if (held === null)
    throw new VezaError(`${kind}_not_refundable`, `No payment is held for this ${kind}.`, {
      [`${kind}_status`]: status,
    });
  if (purchase.hasOpenRefund || (await findGiveBack(tx, purchase)) !== null)
    throw new VezaError('refund_already_requested', `A refund is already in progress for this ${kind}.`);
  // The bank takes the money back itself if the dispute is lost: it must not leave twice.
  if (await isDisputed(tx, purchase))
    throw new VezaError(`${kind}_disputed`, `The payment is disputed: its bank decides who gets it.`);
  const { amountMinor, currency } = held;
  const [refund] = await tx
    .insert(refunds)
    .values({ id: uuidv7(), ...columnsOf(purchase), kind: 'payment_returned', amountMinor, currency })
    .returning();
  if (refund === undefined) throw new Error(`no refund was opened for the payment of ${kind} ${id}`);
  await purchase.refundOpened(tx, refund);
  await writeAuditLog(tx, act, {
    action: `${kind}.give_back`,
    subject: workflowId,
    before: { status },
    after: { refundId: refund.id },
  });
  return refund;
}

/** What is held for the payer of a payment that its purchase did not take, in minor units; null where nothing is. */
export function heldOf({ isSuspended, capturedMinor, capturedCurrency, refundedMinor }: Purchase) {
  const amountMinor = (capturedMinor ?? 0) - refundedMinor;
  if (!isSuspended || amountMinor <= 0 || capturedCurrency === null) return null;
  return { amountMinor, currency: capturedCurrency };
}

async function isDisputed(tx: Tx, purchase: Purchase): Promise<boolean> {
  const [open] = await tx
    .select({ id: disputes.id })
    .from(disputes)
    .where(and(isOfPayment(disputes, purchase), eq(disputes.status, 'open')))
    .limit(1);
  return open !== undefined;
}
