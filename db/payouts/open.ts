import { and, asc, eq } from 'drizzle-orm';
import { ofPayout, payoutAsked } from '../../domain/payouts/postings.ts';
import type { KeptAsk } from '../../domain/kernel/index.ts';
import type { AskedPayout, OpenedPayout, PayoutOpening } from '../../domain/payouts/messages.ts';
import { decidePayout } from '../../domain/payouts/eligibility.ts';
import type { Refusal } from '../../domain/errors.ts';
import { users } from '../accounts/index.ts';
import type { Db, Tx } from '../client.ts';
import { post, sellerBalances } from '../ledger/index.ts';
import { type Payout, sellerPayouts } from './schema.ts';
import { readIdempotencyKey, idempotencyKeys, refuseAsk, takeAsk, MissingRow } from '../kernel/index.ts';
import { readPayingSeller } from './paying-seller.ts';

export interface PayoutToOpen {
  readonly payoutId: string;
  /** The kept ask; absent where it was opened before, or nobody asked. */
  readonly ask?: KeptAsk<AskedPayout> | undefined;
}

/**
 * Decides a payout under the lock of the seller's balances and sets its money aside: two at once cannot both have it.
 * A repeated attempt finds the payout open, and gives the same answer. A payout that nobody asked for is refused.
 */
export async function openPayout(
  db: Db,
  { payoutId, ask }: PayoutToOpen,
  { minimumMinor }: { readonly minimumMinor: number },
): Promise<PayoutOpening> {
  return db.transaction(async (tx) => {
    if (ask === undefined) {
      const payout = await readPayout(tx, payoutId);
      if (payout === undefined)
        return { refused: { code: 'payout_not_found', detail: `Nobody asked for a payout ${payoutId}.` } };
      return { opened: openedFrom(payout), bodyHash: null, status: payout.status };
    }
    if (ask.refused) return { refused: ask.refused };
    await takeAsk(tx, payoutId);
    const { sellerId, idempotency } = ask;
    await tx
      .select({ currency: sellerBalances.currency })
      .from(sellerBalances)
      .where(
        and(
          eq(sellerBalances.sellerId, sellerId),
          ask.currency === undefined ? undefined : eq(sellerBalances.currency, ask.currency),
        ),
      )
      .orderBy(asc(sellerBalances.currency))
      .for('no key update');
    const repeated = await readPayout(tx, payoutId);
    if (repeated) {
      const stored = idempotency ? await readIdempotencyKey(tx, idempotency) : null;
      return { opened: openedFrom(repeated), bodyHash: stored?.bodyHash ?? null, status: repeated.status };
    }
    const barred = await whyBarred(tx, sellerId);
    if (barred !== null) return refuseAsk(tx, payoutId, { kind: 'payout', ...ask }, barred);
    const seller = await readPayingSeller(tx, sellerId);
    if (seller === null) throw new MissingRow('user', sellerId);
    const decision = decidePayout(seller, ask, { minimumMinor });
    if ('refusal' in decision) return refuseAsk(tx, payoutId, { kind: 'payout', ...ask }, decision.refusal);
    const { stripeAccountId } = seller;
    const [payout] = await tx
      .insert(sellerPayouts)
      .values({ id: payoutId, sellerId, stripeAccountId, ...decision })
      .returning();
    if (payout === undefined) throw new Error(`payout ${payoutId} was not inserted`);
    await post(
      tx,
      { kind: 'payout_asked', currency: payout.currency, ...ofPayout(payoutId) },
      payoutAsked(sellerId, payout.amountMinor),
    );
    const opened = openedFrom(payout);
    if (idempotency) await tx.insert(idempotencyKeys).values({ ...idempotency, answer: opened });
    return { opened, bodyHash: idempotency?.bodyHash ?? null, status: payout.status };
  });
}

/** Whoever is shut out gets nothing that they asked for before. Under the account's lock: it counts before or after, never in the middle. */
async function whyBarred(tx: Tx, sellerId: string): Promise<Refusal | null> {
  const [user] = await tx
    .select({ status: users.status, isBarred: users.isBarred })
    .from(users)
    .where(eq(users.id, sellerId))
    .for('share');
  if (user?.status !== 'disabled' && user?.isBarred !== true) return null;
  return { code: 'account_disabled', detail: 'The account was disabled; ask the support.' };
}

async function readPayout(tx: Tx, payoutId: string): Promise<Payout | undefined> {
  const [payout] = await tx.select().from(sellerPayouts).where(eq(sellerPayouts.id, payoutId));
  return payout;
}

const openedFrom = (payout: Payout): OpenedPayout => ({
  payoutId: payout.id,
  sellerId: payout.sellerId,
  amountMinor: payout.amountMinor,
  currency: payout.currency,
  createdAt: payout.createdAt.toISOString(),
});
