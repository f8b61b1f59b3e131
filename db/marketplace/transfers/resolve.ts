import { eq } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import { transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Entry } from '../../../domain/ledger/index.ts';
import type { PostingKind } from '../../../domain/postings.ts';
import {
  ofTransfer,
  transferSettledOutside,
  transferWrittenOff,
  transferWriteOffRecovered,
} from '../../../domain/marketplace/postings.ts';
import type { Tx } from '../../client.ts';
import { lockFunds, post } from '../../ledger/index.ts';
import { transitionTransfer } from './transition.ts';
import { type Transfer, sellerTransfers } from './schema.ts';
import { type Act, writeAuditLog, clearFlags, lockNamed } from '../../kernel/index.ts';
import { wasSentAfterAll } from '../reversals/flag-after-all.ts';
import { lockTransferOfOrder } from '../lock.ts';
import type { Resolution } from '../reversals/resolve.ts';

/**
 * An operator ends a share that Stripe will never send, with a reason: the seller was paid in some other way, or
 * nobody will pay them. The share may still be open if Stripe was not asked for it: an account may never come. Throws
 * `transfer_not_found` and `transfer_not_resolvable`.
 */
export async function resolveTransfer(
  tx: Tx,
  {
    transferId,
    resolution,
    ...act
  }: Act & { readonly transferId: string; readonly resolution: Resolution; readonly reason: string },
): Promise<{ readonly transfer: Transfer; readonly wasOpen: boolean }> {
  // Locks the order too: a refund that settles at this moment must see who has the share.
  const transfer = await lockNamed(tx, 'transfer', transferId, lockTransferOfOrder);
  await refuseUnlessResolvable(tx, transfer, resolution);
  const wasOpen = isOpen(transfer);
  const ended = wasOpen ? await giveUp(tx, transfer) : transfer;
  const resolved = await transitionTransfer(tx, ended, resolution, {}, 'review');
  const { sellerId, currency, amountMinor } = transfer;
  await lockFunds(tx, [sellerId], currency);
  const [kind, entries] = postingFor(transfer, resolution, amountMinor);
  await post(tx, { kind, currency, ...ofTransfer(transfer) }, entries);
  await clearFlags(tx, 'transfer_gave_up', transferWorkflowId(transferId));
  await writeAuditLog(tx, act, {
    action: `transfer.${resolution}`,
    subject: transferWorkflowId(transferId),
    before: { status: transfer.status },
    after: { status: resolved.status },
  });
  return { transfer: resolved, wasOpen };
}

const isOpen = ({ status }: Transfer) => status === 'pending' || status === 'failed';

async function refuseUnlessResolvable(tx: Tx, transfer: Transfer, resolution: Resolution): Promise<void> {
  const refuse = (detail: string) =>
    new VezaError('transfer_not_resolvable', detail, { status_now: transfer.status });
  const { status } = transfer;
  const isAgain = status === 'written_off' && resolution === 'settled_outside';
  const isUnsent = isOpen(transfer) || status === 'permanently_failed' || isAgain;
  if (!isUnsent || transfer.completedAt !== null || transfer.stripeTransferId) {
    throw refuse(`A transfer that is ${status} cannot become ${resolution}.`);
  }
  if (transfer.askedAt !== null)
    throw refuse('Stripe was asked for it and may still send it: its workflow looks for it first.');
  if (await wasSentAfterAll(tx, transfer))
    throw refuse('Stripe says that it sent it after all: retry it, and it is adopted.');
  if (transfer.amountMinor === 0) throw refuse('Nothing is left to send.');
  const [successor] = await tx.select().from(sellerTransfers).where(eq(sellerTransfers.retryOf, transfer.id));
  if (successor) throw refuse(`Transfer ${successor.id} has taken its place.`);
}

async function giveUp(tx: Tx, transfer: Transfer): Promise<Transfer> {
  const failed = await transitionTransfer(tx, transfer, 'failed', { nextRetryAt: new Date() });
  return transitionTransfer(tx, failed, 'permanently_failed', { nextRetryAt: null, waitingFor: null });
}

function postingFor(
  { sellerId, status }: Transfer,
  resolution: Resolution,
  amountMinor: number,
): readonly [PostingKind, Entry[]] {
  if (status === 'written_off')
    return ['transfer_write_off_recovered', transferWriteOffRecovered(amountMinor)];
  return resolution === 'written_off'
    ? ['transfer_written_off', transferWrittenOff(sellerId, amountMinor)]
    : ['transfer_settled_outside', transferSettledOutside(sellerId, amountMinor)];
}
