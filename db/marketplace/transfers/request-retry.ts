import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import { transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Tx } from '../../client.ts';
import { type Transfer, sellerTransfers } from './schema.ts';
import { type Act, writeAuditLog, lockNamed } from '../../kernel/index.ts';
import { transferLabel, type TransferWork } from '../labels.ts';
import { lockTransferOfOrder } from '../lock.ts';

/**
 * An operator wants a transfer tried again: the open row where one waits, or a new row that replaces one that failed
 * for good. Its workflow looks in Stripe's list for every row of the chain before it sends anything. Throws
 * `transfer_not_found` and `transfer_not_retryable`.
 */
export async function requestTransferRetry(
  tx: Tx,
  { transferId, ...act }: Act & { readonly transferId: string },
): Promise<{ readonly transfer: Transfer; readonly work: TransferWork }> {
  // Locks the order too: a refund that settles at this moment must see the row that replaces the old one.
  const transfer = await lockNamed(tx, 'transfer', transferId, lockTransferOfOrder);
  const retried =
    transfer.status === 'pending' || transfer.status === 'failed'
      ? transfer
      : await replace(tx, transfer, act);
  await writeAuditLog(tx, act, {
    action: 'transfer.retry',
    subject: transferWorkflowId(transferId),
    before: { status: transfer.status, retryCount: transfer.retryCount },
    after: { transferId: retried.id, status: retried.status },
  });
  return { transfer: retried, work: transferLabel(retried) };
}

async function replace(tx: Tx, transfer: Transfer, act: Act): Promise<Transfer> {
  if (transfer.status !== 'permanently_failed' || transfer.stripeTransferId) {
    throw refusal(transfer, `A transfer that is ${transfer.status} has nothing to be retried.`);
  }
  if (transfer.amountMinor === 0) throw refusal(transfer, 'Nothing is left to send: the order was refunded.');
  const [successor] = await tx.select().from(sellerTransfers).where(eq(sellerTransfers.retryOf, transfer.id));
  if (successor) throw refusal(transfer, `Transfer ${successor.id} has taken its place.`);
  if (!act.reason) {
    throw new VezaError('validation_failed', 'A transfer that failed for good is retried with a reason.', {
      field: 'reason',
    });
  }
  const [row] = await tx
    .insert(sellerTransfers)
    .values({
      id: uuidv7(),
      orderId: transfer.orderId,
      sellerId: transfer.sellerId,
      amountMinor: transfer.amountMinor,
      currency: transfer.currency,
      retryOf: transfer.id,
    })
    .returning();
  if (row === undefined) throw new Error(`no retry of transfer ${transfer.id} was inserted`);
  return row;
}

const refusal = (transfer: Transfer, detail: string) =>
  new VezaError('transfer_not_retryable', detail, { status_now: transfer.status });
