import { formatMoney } from '../../domain/kernel/index.ts';
import { transferWorkflowId } from '../../domain/marketplace/ids.ts';
import { isBookable } from '../../db/marketplace/transfers/complete.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import { readTransferChain } from '../../db/marketplace/transfers/chain.ts';
import type { Transfer } from '../../db/marketplace/transfers/schema.ts';
import type { StripeTransfer } from '../../providers/stripe/outcomes.ts';
import type { MarketplaceDeps } from './deps.ts';

export type MadeTransfer = Pick<StripeTransfer, 'stripeTransferId' | 'amountMinor' | 'currency'>;
type Found = { readonly found: MadeTransfer };
/** What Stripe's own list says of our transfer. */
export type LookedUp = Found | 'absent' | 'differs' | 'unavailable';

/** What Stripe has of our transfers, held against what we asked for. */
export function transferLookUps({ db, stripe }: MarketplaceDeps) {
  /**
   * Whether Stripe made what we asked for. If not, it is neither booked nor sent again: a person decides. A refund
   * since the call does not make it differ.
   */
  async function isAsAsked(transfer: Transfer, made: MadeTransfer): Promise<boolean> {
    if (await isBookable(db, transfer, made)) return true;
    const theirs = formatMoney(made.amountMinor, made.currency);
    const ours = formatMoney(transfer.amountMinor, transfer.currency);
    const said = `${made.stripeTransferId} at Stripe is of ${theirs}, our transfer of ${ours}`;
    await raiseFlag(db, 'amount_differs', transferWorkflowId(transfer.id), said);
    return false;
  }

  /** Looks for our transfer at Stripe under every row of its chain. */
  async function lookUp(transfer: Transfer): Promise<LookedUp> {
    for (const row of await readTransferChain(db, transfer)) {
      // Stripe cannot have a row that it was never asked for; a row that was sent and taken back is not this money.
      if (row.stripeAccountId === null || row.stripeTransferId !== null) continue;
      const listed = await stripe.findTransfer({ orderId: row.orderId, transferId: row.id });
      if (listed.kind === 'not_found') continue;
      if (listed.kind !== 'found') return 'unavailable';
      // A transfer that somebody took back whole at Stripe does not count any more, unless it is the one that we
      // asked for.
      const standing = [listed.transfer, ...listed.duplicates].find(
        (made) => !made.reversed || isSameMoney(transfer, made),
      );
      if (standing === undefined) continue;
      return (await isAsAsked(transfer, standing)) ? { found: standing } : 'differs';
    }
    return 'absent';
  }

  return { isAsAsked, lookUp };
}

const isSameMoney = (transfer: Transfer, made: MadeTransfer) =>
  made.amountMinor === transfer.amountMinor && made.currency === transfer.currency;
