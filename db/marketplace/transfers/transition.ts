import { and, eq } from 'drizzle-orm';
import { TRANSFER, type TransferStatus } from '../../../domain/marketplace/transfer-machine.ts';
import type { Tx } from '../../client.ts';
import { sellerTransfers, type Transfer } from './schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause, writeOne } from '../../kernel/index.ts';

/** Whether the seller got the money: from Stripe, or in some other way. */
export const isSent = ({ completedAt, status }: Pick<Transfer, 'completedAt' | 'status'>) =>
  completedAt !== null || status === 'settled_outside';

/** Whether its amount is still in the seller's `pending`. */
export const isUnsent = (transfer: Pick<Transfer, 'completedAt' | 'status'>) =>
  !isSent(transfer) && transfer.status !== 'written_off';

type Set = Partial<Omit<Transfer, 'id' | 'status'>>;

/**
 * Changes a transfer's status, or its fields in the same status; with `reopenTransfer` the only code that writes the
 * status.
 */
export async function transitionTransfer(
  tx: Tx,
  transfer: Pick<Transfer, 'id' | 'status'>,
  to: TransferStatus,
  set: Set = {},
  by?: TransitionCause,
): Promise<Transfer> {
  assertTransition(TRANSFER, transfer, to, by);
  return writeStatus(tx, transfer, to, set);
}

/**
 * The last open reversal has ended and took back only a part: the transfer is `completed` again, with a higher
 * reversed amount. A function of its own, so that nothing else can call off a reversal.
 */
export async function reopenTransfer(tx: Tx, transfer: Pick<Transfer, 'id'>, set: Set): Promise<Transfer> {
  return writeStatus(tx, { id: transfer.id, status: 'reversal_pending' }, 'completed', set);
}

async function writeStatus(tx: Tx, from: Pick<Transfer, 'id' | 'status'>, to: TransferStatus, set: Set) {
  const rows = await update(tx, from, to, set).returning();
  return transitionedOrStale(rows, TRANSFER, from, to);
}

/** As `transitionTransfer`, where what the row holds afterwards is known or of no concern: nobody waits for the write. */
export async function transitionTransferUnread<
  Row extends Pick<Transfer, 'id' | 'status'>,
  Changes extends Set,
>(
  tx: Tx,
  transfer: Row,
  to: TransferStatus,
  set: Changes,
  by?: TransitionCause,
): Promise<Row & Changes & { readonly status: TransferStatus }> {
  assertTransition(TRANSFER, transfer, to, by);
  await writeOne(tx, update(tx, transfer, to, set));
  return { ...transfer, ...set, status: to };
}

const update = (tx: Tx, from: Pick<Transfer, 'id' | 'status'>, to: TransferStatus, set: Set) =>
  tx
    .update(sellerTransfers)
    .set({ ...set, status: to })
    .where(and(eq(sellerTransfers.id, from.id), eq(sellerTransfers.status, from.status)));
