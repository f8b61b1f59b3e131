import { and, eq, inArray, notExists } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { VezaError } from '../../../domain/errors.ts';
import { balanceSubject } from '../../../domain/payouts/ids.ts';
import { debtSettledOutside, debtWrittenOff, ofBalance } from '../../../domain/payouts/postings.ts';
import type { Tx } from '../../client.ts';
import { type Act, writeAuditLog } from '../../kernel/index.ts';
import { post, type sellerBalances } from '../../ledger/index.ts';
import { type Resolution, sellerTransfers, transferReversals } from '../../marketplace/index.ts';
import { lockDebt } from './lock.ts';

type Balance = typeof sellerBalances.$inferSelect;

/**
 * An operator ends a debt that stays, with a reason: the seller paid in some other way, or nobody will pay. Of debts in several
 * currencies it ends the one that `lockDebt` gives, and gives the next. Nothing that we owe is touched by it. Throws `balance_not_found` and
 * `debt_not_resolvable`: without a debt, or while something that moves by itself may still pay it.
 */
export async function resolveDebt(
  tx: Tx,
  {
    userId,
    resolution,
    ...act
  }: Act & { readonly userId: string; readonly resolution: Resolution; readonly reason: string },
): Promise<Balance | null> {
  const debt = await lockDebt(tx, userId);
  if (debt === null) throw refuse('They owe nothing.');
  await refuseWhileItMayBePaid(tx, debt);
  const { currency, owedMinor, feesOwedMinor } = debt;
  const [kind, entries] =
    resolution === 'written_off'
      ? (['debt_written_off', debtWrittenOff(userId, debt)] as const)
      : (['debt_settled_outside', debtSettledOutside(userId, debt)] as const);
  await post(tx, { kind, currency, ...ofBalance(userId) }, entries);
  await writeAuditLog(tx, act, {
    action: `balance.${resolution}`,
    subject: balanceSubject(userId),
    before: { currency, owedMinor, feesOwedMinor },
    after: { currency, owedMinor: 0, feesOwedMinor: 0 },
  });
  return lockDebt(tx, userId);
}

/** What is still on its way clears the debt first, and a reversal that is given up is resolved itself: never the same twice. */
async function refuseWhileItMayBePaid(
  tx: Tx,
  { sellerId, currency, pendingMinor, restMinor, payingOutMinor }: Balance,
): Promise<void> {
  if (pendingMinor > restMinor) throw refuse('A share that is not sent yet would pay it.');
  if (payingOutMinor > 0) throw refuse('A payout is under way: if it fails, it pays the debt.');
  const successor = alias(transferReversals, 'successor');
  const [open] = await tx
    .select({ id: transferReversals.id })
    .from(transferReversals)
    .innerJoin(sellerTransfers, eq(sellerTransfers.id, transferReversals.transferId))
    .where(
      and(
        eq(sellerTransfers.sellerId, sellerId),
        eq(sellerTransfers.currency, currency),
        inArray(transferReversals.status, ['pending', 'permanently_failed']),
        notExists(tx.select().from(successor).where(eq(successor.retryOf, transferReversals.id))),
      ),
    )
    .limit(1);
  if (open !== undefined) throw refuse(`Reversal ${open.id} is open: it is retried or resolved itself.`);
}

const refuse = (detail: string) => new VezaError('debt_not_resolvable', detail);
