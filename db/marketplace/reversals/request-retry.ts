import { eq } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import { reversalWorkflowId } from '../../../domain/marketplace/ids.ts';
import { ENDED_BY_PERSON } from '../../../domain/marketplace/reversal-machine.ts';
import type { Tx } from '../../client.ts';
import { type Reversal, type Transfer, transferReversals } from '../transfers/schema.ts';
import { type Act, writeAuditLog, clearFlags, lockNamed } from '../../kernel/index.ts';
import { reversalLabel, type ReversalWork } from '../labels.ts';
import { lockReversal } from '../lock.ts';

/**
 * An operator wants a reversal tried again: the open row where one waits, or a new row that replaces one that failed
 * for good. Its workflow first looks at Stripe for every row of the chain. `adopts`: a person had ended it, so the
 * workflow only looks whether Stripe carried it out after all. Throws `reversal_not_found` and
 * `reversal_not_retryable`.
 */
export async function requestReversalRetry(
  tx: Tx,
  { reversalId, ...act }: Act & { readonly reversalId: string },
): Promise<{ readonly reversal: Reversal; readonly work: ReversalWork; readonly adopts: boolean }> {
  const { transfer, reversal } = await lockNamed(tx, 'reversal', reversalId, lockReversal);
  if (reversal.status !== 'pending') await refuseUnlessRetryable(tx, transfer, reversal, act);
  const retried = reversal.status === 'permanently_failed' ? await replace(tx, transfer, reversal) : reversal;
  await writeAuditLog(tx, act, {
    action: 'reversal.retry',
    subject: reversalWorkflowId(reversalId),
    before: { status: reversal.status, retryCount: reversal.retryCount },
    after: { reversalId: retried.id, status: retried.status },
  });
  const adopts = ENDED_BY_PERSON.includes(retried.status);
  return { reversal: retried, work: reversalLabel(transfer, retried), adopts };
}

async function refuseUnlessRetryable(
  tx: Tx,
  transfer: Transfer,
  reversal: Reversal,
  act: Act,
): Promise<void> {
  if (reversal.status === 'reversed') {
    throw refusal(reversal, `A reversal that is ${reversal.status} has nothing to be retried.`);
  }
  if (!transfer.stripeTransferId)
    throw refusal(reversal, 'Its transfer has no Stripe id: there is nothing to reverse.');
  const [successor] = await tx
    .select()
    .from(transferReversals)
    .where(eq(transferReversals.retryOf, reversal.id));
  if (successor) throw refusal(reversal, `Reversal ${successor.id} has taken its place.`);
  if (!act.reason) {
    throw new VezaError('validation_failed', 'A reversal that has ended is retried with a reason.', {
      field: 'reason',
    });
  }
}

/** The workflow looks at Stripe first and adopts what it finds, so the flag is not needed any more. */
async function replace(tx: Tx, transfer: Transfer, reversal: Reversal): Promise<Reversal> {
  await clearFlags(tx, 'reversal_happened_after_all', reversalWorkflowId(reversal.id));
  const [row] = await tx
    .insert(transferReversals)
    .values({
      id: uuidv7(),
      transferId: transfer.id,
      refundId: reversal.refundId,
      amountMinor: reversal.amountMinor,
      coveredMinor: reversal.coveredMinor,
      nextRetryAt: new Date(),
      retryOf: reversal.id,
    })
    .returning();
  if (row === undefined) throw new Error(`no retry of reversal ${reversal.id} was inserted`);
  return row;
}

const refusal = (reversal: Reversal, detail: string) =>
  new VezaError('reversal_not_retryable', detail, { status_now: reversal.status });
