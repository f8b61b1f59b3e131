import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ofTransfer, outsideReversal, suspenseClaimed } from '../../../domain/marketplace/postings.ts';
import { formatMoney } from '../../../domain/kernel/index.ts';
import { isOutside, type SeenReversal } from '../../../domain/marketplace/reversals-seen.ts';
import type { Db, Tx } from '../../client.ts';
import { fundsOf, lockFunds, post } from '../../ledger/index.ts';
import { transitionReversal } from './transition.ts';
import { type Reversal, type Transfer, transferReversals } from '../transfers/schema.ts';
import { claimSuspense } from '../orders/claim-suspense.ts';
import { endReversal, raiseReversed } from './end.ts';
import { lockCurrentReversals, lockTransfer } from '../lock.ts';
import { raiseFlag } from '../../kernel/index.ts';

/**
 * Books the reversals in Stripe's list that are not ours, each once, and lets them cover open reversals of ours,
 * oldest first: the seller must not pay a share twice. A reversal that Stripe may still carry out is covered only by
 * its own attempt, after its own look-up; `attempting` names it.
 */
export async function recordOutsideReversals(
  db: Db,
  transferId: string,
  seen: readonly SeenReversal[],
  attempting: string | null,
): Promise<void> {
  await db.transaction(async (tx) => {
    let transfer = await lockTransfer(tx, transferId);
    for (const outside of await unknownOnes(tx, transferId, seen)) {
      transfer = await recordOne(tx, transfer, outside, attempting);
    }
    if (attempting !== null) await coverFromSuspense(tx, transferId, attempting);
  });
}

async function unknownOnes(
  tx: Tx,
  transferId: string,
  seen: readonly SeenReversal[],
): Promise<SeenReversal[]> {
  const known = await tx.select().from(transferReversals).where(eq(transferReversals.transferId, transferId));
  return seen.filter((one) => isOutside(one, known));
}

async function recordOne(
  tx: Tx,
  transfer: Transfer,
  outside: SeenReversal,
  attempting: string | null,
): Promise<Transfer> {
  const open = (await lockCurrentReversals(tx, transfer.id)).filter(
    (row) =>
      row.status === 'pending' && ((row.askedAt === null && row.retryOf === null) || row.id === attempting),
  );
  let unclaimedMinor = outside.amountMinor;
  const covers: { row: Reversal; byMinor: number }[] = [];
  for (const row of open) {
    const byMinor = Math.min(row.amountMinor - row.coveredMinor, unclaimedMinor);
    if (byMinor === 0) continue;
    unclaimedMinor -= byMinor;
    covers.push({ row, byMinor });
  }
  await insertOutside(tx, transfer.id, outside, unclaimedMinor);
  const funds = await lockFunds(tx, [transfer.sellerId], transfer.currency);
  await post(
    tx,
    {
      kind: 'outside_reversal',
      currency: transfer.currency,
      ...ofTransfer(transfer),
    },
    outsideReversal(
      transfer.sellerId,
      outside.amountMinor,
      unclaimedMinor,
      fundsOf(funds, transfer.sellerId),
    ),
  );
  await raiseFlag(
    tx,
    'outside_reversal',
    transferWorkflowId(transfer.id),
    `${outside.stripeReversalId} took back ${formatMoney(outside.amountMinor, transfer.currency)} and is not ours`,
  );
  let current = await raiseReversed(tx, transfer, outside.amountMinor);
  for (const { row, byMinor } of covers) current = await cover(tx, current, row, byMinor);
  return current;
}

/** Writes the row of a reversal that is not ours; the caller posts it. */
export async function insertOutside(
  tx: Tx,
  transferId: string,
  { amountMinor, stripeReversalId }: SeenReversal,
  suspenseMinor: number,
): Promise<void> {
  await tx.insert(transferReversals).values({
    id: uuidv7(),
    transferId,
    amountMinor,
    suspenseMinor,
    status: 'reversed',
    stripeReversalId,
    endedAt: new Date(),
  });
}

async function cover(tx: Tx, transfer: Transfer, row: Reversal, byMinor: number): Promise<Transfer> {
  const coveredMinor = row.coveredMinor + byMinor;
  const covered = await transitionReversal(tx, row, 'pending', { coveredMinor });
  if (coveredMinor === row.amountMinor) {
    await endReversal(tx, transfer, covered, { covered: 'reversed at Stripe by someone else' });
  }
  return lockTransfer(tx, transfer.id);
}

/**
 * Covers an open row with what others' earlier reversals left unclaimed. Only for a row that Stripe surely has not
 * carried out. The transfer must be locked.
 */
export async function coverFromSuspense(tx: Tx, transferId: string, reversalId: string): Promise<void> {
  const transfer = await lockTransfer(tx, transferId);
  const [row] = await tx
    .select()
    .from(transferReversals)
    .where(eq(transferReversals.id, reversalId))
    .for('no key update');
  if (row === undefined || row.status !== 'pending') return;
  const claimedMinor = await claimSuspense(tx, transferId, row.amountMinor - row.coveredMinor);
  if (claimedMinor === 0) return;
  const funds = await lockFunds(tx, [transfer.sellerId], transfer.currency);
  await post(
    tx,
    { kind: 'suspense_claimed', currency: transfer.currency, ...ofTransfer(transfer) },
    suspenseClaimed(transfer.sellerId, claimedMinor, fundsOf(funds, transfer.sellerId)),
  );
  await cover(tx, transfer, row, claimedMinor);
}
