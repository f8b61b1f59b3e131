import { and, eq, inArray, isNull, ne, or } from 'drizzle-orm';
import type { BackfillFinding, BackfillOutcome } from '../../../domain/marketplace/backfill.ts';
import { transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import { formatMoney } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { transitionTransfer } from './transition.ts';
import { type Transfer, sellerTransfers } from './schema.ts';
import { withoutId } from './without-id.ts';
import { opsFlags, writeAuditLog, raiseFlag } from '../../kernel/index.ts';
import { sellerAccounts } from '../../sellers/index.ts';
import { lockTransfer } from '../lock.ts';

/** A transfer in Stripe's list, to the account and for the order. Minor units. */
export interface ListedTransfer {
  readonly stripeTransferId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** From its metadata. */
  readonly orderId: string | null;
  readonly transferId: string | null;
}

/**
 * Writes Stripe's id on a transfer that was sent without keeping it, where exactly one fits and no other row has a
 * claim on it; flags it for a person otherwise. A dry run only says what it would do. Repeatable.
 */
export async function backfillTransferId(
  db: Db,
  transferId: string,
  { destination, listed }: { readonly destination: string; readonly listed: readonly ListedTransfer[] },
  { dryRun }: { readonly dryRun: boolean },
): Promise<BackfillOutcome> {
  return db.transaction(async (tx) => {
    const transfer = dryRun ? await readTransfer(tx, transferId) : await lockTransfer(tx, transferId);
    if (transfer.stripeTransferId) return { stripeTransferId: transfer.stripeTransferId };
    const found = await judge(tx, transfer, destination, listed);
    if (dryRun) return found;
    if ('why' in found) {
      await raiseFlag(tx, 'transfer_without_id', transferWorkflowId(transferId), found.detail);
    } else {
      await write(tx, transfer, destination, found.stripeTransferId);
    }
    return found;
  });
}

/** Flags a transfer that Stripe cannot be asked about, or refuses to answer for. Repeatable. */
export async function flagTransferWithoutId(db: Db, { transferId, detail }: BackfillFinding): Promise<void> {
  await raiseFlag(db, 'transfer_without_id', transferWorkflowId(transferId), detail);
}

async function readTransfer(tx: Tx, transferId: string): Promise<Transfer> {
  const [row] = await tx.select().from(sellerTransfers).where(eq(sellerTransfers.id, transferId));
  if (row === undefined) throw new Error(`there is no transfer ${transferId}`);
  return row;
}

/** The listed transfers that may be this one: of its order, by the metadata, and of its amount. */
export const fitting = (
  { orderId, amountMinor, currency }: Transfer,
  listed: readonly ListedTransfer[],
): ListedTransfer[] =>
  listed.filter(
    (candidate) =>
      candidate.orderId === orderId &&
      candidate.amountMinor === amountMinor &&
      candidate.currency === currency,
  );

async function judge(
  tx: Tx,
  transfer: Transfer,
  destination: string,
  listed: readonly ListedTransfer[],
): Promise<BackfillOutcome> {
  const unmatched = (why: BackfillFinding['why'], detail: string): BackfillFinding => ({
    transferId: transfer.id,
    orderId: transfer.orderId,
    why,
    detail,
  });
  const fits = fitting(transfer, listed);
  const what = `${formatMoney(transfer.amountMinor, transfer.currency)} to ${destination} for order ${transfer.orderId}`;
  if (fits.length === 0) return unmatched('none', `Stripe lists no transfer of ${what}`);
  const claimed = await claimedByOthers(tx, transfer, fits);
  const free = fits.filter((candidate) => !claimed.has(candidate));
  const names = (some: readonly ListedTransfer[]) =>
    some.map((candidate) => candidate.stripeTransferId).join(', ');
  const [only] = free;
  if (only === undefined) return unmatched('claimed', `${names(fits)} belongs to another transfer`);
  if (free.length > 1) return unmatched('several', `Stripe lists several of ${what}: ${names(free)}`);
  const rival = only.transferId === transfer.id ? null : await findRival(tx, transfer, destination);
  if (rival !== null) return unmatched('claimed', `${names(free)} fits transfer ${rival} as well`);
  return { stripeTransferId: only.stripeTransferId };
}

/** Transfers whose id another row has, or whose metadata names another row of ours. */
async function claimedByOthers(
  tx: Tx,
  transfer: Transfer,
  candidates: readonly ListedTransfer[],
): Promise<Set<ListedTransfer>> {
  const named = candidates.flatMap(({ transferId }) =>
    transferId && UUID.test(transferId) ? [transferId] : [],
  );
  const others = await tx
    .select({ id: sellerTransfers.id, stripeTransferId: sellerTransfers.stripeTransferId })
    .from(sellerTransfers)
    .where(
      and(
        ne(sellerTransfers.id, transfer.id),
        or(
          inArray(
            sellerTransfers.stripeTransferId,
            candidates.map((candidate) => candidate.stripeTransferId),
          ),
          inArray(sellerTransfers.id, named),
        ),
      ),
    );
  const claims = new Set(others.flatMap(({ id, stripeTransferId }) => [id, stripeTransferId]));
  return new Set(
    candidates.filter(
      ({ stripeTransferId, transferId }) =>
        claims.has(stripeTransferId) || (transferId !== null && claims.has(transferId)),
    ),
  );
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * Another row without an id that the same transfer at Stripe would fit: a retry of this one, or the one that it
 * retried.
 */
async function findRival(tx: Tx, transfer: Transfer, destination: string): Promise<string | null> {
  const [rival] = await tx
    .select({ id: sellerTransfers.id })
    .from(sellerTransfers)
    .leftJoin(sellerAccounts, eq(sellerAccounts.userId, sellerTransfers.sellerId))
    .where(
      and(
        withoutId,
        ne(sellerTransfers.id, transfer.id),
        eq(sellerTransfers.orderId, transfer.orderId),
        eq(sellerTransfers.amountMinor, transfer.amountMinor),
        eq(sellerTransfers.currency, transfer.currency),
        or(
          eq(sellerTransfers.stripeAccountId, destination),
          and(isNull(sellerTransfers.stripeAccountId), eq(sellerAccounts.stripeAccountId, destination)),
        ),
      ),
    )
    .limit(1);
  return rival?.id ?? null;
}

async function write(tx: Tx, transfer: Transfer, destination: string, stripeTransferId: string) {
  const subject = transferWorkflowId(transfer.id);
  const stripeAccountId = transfer.stripeAccountId || destination;
  await transitionTransfer(tx, transfer, transfer.status, { stripeTransferId, stripeAccountId });
  await writeAuditLog(
    tx,
    { actor: 'system', reason: 'the only one at Stripe that fits its order, amount and account' },
    {
      action: 'backfill_transfer_id',
      subject,
      before: { stripe_transfer_id: transfer.stripeTransferId },
      after: { stripe_transfer_id: stripeTransferId },
    },
  );
  await tx
    .update(opsFlags)
    .set({ clearedAt: new Date() })
    .where(
      and(
        eq(opsFlags.kind, 'transfer_without_id'),
        eq(opsFlags.subject, subject),
        isNull(opsFlags.clearedAt),
      ),
    );
}
