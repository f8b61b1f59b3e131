import type { TransferWait } from '../../../domain/marketplace/transfer-machine.ts';
import { transferWorkflowId } from '../../../domain/marketplace/ids.ts';
import { sumMinor } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { transitionTransfer } from './transition.ts';
import type { Transfer } from './schema.ts';
import { readInFlightRefunds, withholdInFlightRefunds } from '../in-flight-refunds.ts';
import { lockTransfer } from '../lock.ts';
import { missed, raiseFlag } from '../../kernel/index.ts';
import { withhold } from '../withhold.ts';

export interface Postponement<Wait> {
  readonly message: string;
  readonly nextRetryAtMs: number;
  /** Whether this counts as a failed attempt; waiting for an account or for funds does not. */
  readonly counted: boolean;
  /** What the transfer waits for, in one word, where no attempt is counted. */
  readonly waitingFor: Wait | null;
  /** Stripe's list was read and does not show the transfer: the row is not in flight any more, and gets a new key. */
  readonly released: boolean;
}

/** An attempt did not send the money: writes the reason and the time of the next one. */
export async function postponeTransfer(
  db: Db,
  transferId: string,
  postponement: Postponement<TransferWait>,
): Promise<Transfer> {
  return db.transaction(async (tx) => {
    const locked = await lockTransfer(tx, transferId);
    if (locked.status !== 'pending' && locked.status !== 'failed') return locked;
    const transfer = postponement.released ? await release(tx, locked) : locked;
    if (transfer.status !== 'pending' && transfer.status !== 'failed') return transfer;
    return transitionTransfer(tx, transfer, postponement.counted ? 'failed' : transfer.status, {
      retryCount: transfer.retryCount + (postponement.counted ? 1 : 0),
      nextRetryAt: new Date(postponement.nextRetryAtMs),
      errorMessage: postponement.message,
      waitingFor: postponement.waitingFor,
    });
  });
}

/**
 * Retries are exhausted, Stripe refused the last call, and its list shows nothing: the transfer fails for good, and
 * people are told.
 */
export async function giveUpTransfer(db: Db, transferId: string, message: string): Promise<Transfer> {
  return db.transaction(async (tx) => giveUp(tx, await lockTransfer(tx, transferId), message));
}

/**
 * Retries are exhausted and Stripe's list shows nothing, but an answer was lost: that call may still be carried out.
 * The first look stops the asking, and the share is held. A look `gapMs` later gives the transfer up. By the
 * database's clock; repeatable.
 */
export async function missTransfer(
  db: Db,
  transferId: string,
  message: string,
  gapMs: number,
): Promise<Transfer> {
  return db.transaction(async (tx) => {
    const transfer = await lockTransfer(tx, transferId);
    if (transfer.status !== 'pending' && transfer.status !== 'failed') return transfer;
    const { missedAt, lookAgainInMs } = await missed(tx, transfer, gapMs);
    if (lookAgainInMs === 0) return giveUp(tx, transfer, message);
    return transitionTransfer(tx, transfer, transfer.status, {
      missedAt,
      nextRetryAt: new Date(Date.now() + lookAgainInMs),
      errorMessage: message,
      waitingFor: 'last_look',
    });
  });
}

async function giveUp(tx: Tx, locked: Transfer, message: string): Promise<Transfer> {
  if (locked.status !== 'pending' && locked.status !== 'failed') return locked;
  const released = await release(tx, locked);
  if (released.status !== 'pending' && released.status !== 'failed') return released;
  const failed =
    released.status === 'failed'
      ? released
      : await transitionTransfer(tx, released, 'failed', { nextRetryAt: new Date() });
  await raiseFlag(tx, 'transfer_gave_up', transferWorkflowId(locked.id), message);
  return transitionTransfer(tx, failed, 'permanently_failed', {
    errorMessage: message,
    nextRetryAt: null,
    waitingFor: null,
  });
}

/** The row is not in flight any more: refunds made meanwhile reduce what is still to be sent. */
async function release(tx: Tx, transfer: Transfer): Promise<Transfer> {
  if (transfer.askedAt === null) return transfer;
  const refundedMinor = sumMinor(
    (await readInFlightRefunds(tx, transfer)).map((refund) => refund.amountMinor),
  );
  const released = await transitionTransfer(tx, transfer, transfer.status, {
    askedAt: null,
    askedAmountMinor: null,
  });
  if (refundedMinor === 0) return released;
  await withholdInFlightRefunds(tx, transfer);
  return withhold(tx, released, refundedMinor);
}
