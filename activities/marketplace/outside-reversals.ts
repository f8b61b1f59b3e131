import { eq } from 'drizzle-orm';
import { isStripeId } from '../../domain/kernel/index.ts';
import { completeTransfer } from '../../db/marketplace/transfers/complete.ts';
import { MissingRow } from '../../db/kernel/index.ts';
import { recordOutsideReversals } from '../../db/marketplace/reversals/record-outside.ts';
import { type Transfer, sellerTransfers } from '../../db/marketplace/transfers/schema.ts';
import type { MarketplaceDeps } from './deps.ts';
import { whileHeartbeating, retryLater } from '../kernel/index.ts';
import { transferCompletion } from './complete-transfer.ts';

export function createOutsideReversalActivities(deps: MarketplaceDeps) {
  const { db, engine, stripe, settings } = deps;
  const { transfer: policy } = settings;
  const complete = transferCompletion(deps);

  async function readRow(transferId: string): Promise<Transfer> {
    const [transfer] = await db.select().from(sellerTransfers).where(eq(sellerTransfers.id, transferId));
    if (transfer === undefined) throw new MissingRow('transfer', transferId);
    return transfer;
  }

  /** Stripe's id of our transfer: the row's, or the named one if Stripe says that it is this transfer. */
  async function ownAtStripe(transfer: Transfer, named: string): Promise<string | null> {
    if (transfer.stripeTransferId !== null) return transfer.stripeTransferId;
    if (!isStripeId('tr', named)) return null;
    const read = await stripe.readTransfer(named);
    if (read.kind === 'no_such_transfer' || read.kind === 'refused') return null;
    if (read.kind !== 'transfer') {
      throw retryLater('stripe_unreadable', 'the transfer cannot be read', policy);
    }
    const { transferId: whose, amountMinor, currency } = read.transfer;
    const isOurs =
      whose === transfer.id && amountMinor === transfer.amountMinor && currency === transfer.currency;
    return isOurs ? named : null;
  }

  return {
    /** Books what Stripe lists of a transfer's reversals that are not ours. `named` is a hint: it may be anybody's transfer. */
    async bookOutsideReversals(transferId: string, named: string): Promise<void> {
      await whileHeartbeating(async () => {
        const row = await readRow(transferId);
        const stripeTransferId = await ownAtStripe(row, named);
        if (stripeTransferId === null) return;
        const listed = await stripe.listReversals(stripeTransferId);
        if (listed.kind !== 'reversals') {
          throw retryLater('stripe_unreadable', "the transfer's reversals cannot be read", policy);
        }
        // Stripe may have sent it, and the answer was lost: reversals of others cover ours before ours are asked for.
        const isUnanswered = row.status === 'pending' || row.status === 'failed';
        const completed = isUnanswered ? await completeTransfer(db, transferId, stripeTransferId) : null;
        await recordOutsideReversals(db, transferId, listed.reversals, null);
        if (completed === null) return;
        for (const reversal of completed.funded) await engine.retryReversal(reversal);
        await complete(transferId, { stripeTransferId, amountMinor: row.amountMinor });
      });
    },
  };
}
