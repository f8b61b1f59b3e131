import { eq } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import { machineAllows } from '../../../domain/kernel/index.ts';
import { reversalWorkflowId } from '../../../domain/marketplace/ids.ts';
import type { Entry } from '../../../domain/ledger/index.ts';
import type { PostingKind } from '../../../domain/postings.ts';
import {
  ofReversal,
  reversalSettledOutside,
  reversalWrittenOff,
  writeOffRecovered,
} from '../../../domain/marketplace/postings.ts';
import { REVERSAL, type ReversalStatus } from '../../../domain/marketplace/reversal-machine.ts';
import type { Tx } from '../../client.ts';
import { fundsOf, lockFunds, post } from '../../ledger/index.ts';
import { transitionReversal } from './transition.ts';
import { type Reversal, type Transfer, transferReversals } from '../transfers/schema.ts';
import { type Act, writeAuditLog, clearFlags, lockNamed } from '../../kernel/index.ts';
import { lockReversal } from '../lock.ts';

export const RESOLUTIONS = ['settled_outside', 'written_off'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/**
 * An operator ends a reversal that automation gave up on, with a reason: the seller paid in some other way, or nobody
 * will pay. Throws `reversal_not_found` and `reversal_not_resolvable`.
 */
export async function resolveReversal(
  tx: Tx,
  {
    reversalId,
    resolution,
    ...act
  }: Act & { readonly reversalId: string; readonly resolution: Resolution; readonly reason: string },
): Promise<{ readonly reversal: Reversal; readonly transfer: Transfer }> {
  const { transfer, reversal } = await lockNamed(tx, 'reversal', reversalId, lockReversal);
  await refuseUnlessResolvable(tx, reversal, resolution);
  const resolved = await transitionReversal(tx, reversal, resolution, { endedAt: new Date() }, 'review');
  const [kind, entries] = await postingFor(tx, transfer, reversal, resolution);
  await post(tx, { kind, currency: transfer.currency, ...ofReversal(reversal, transfer) }, entries);
  await clearFlags(tx, 'reversal_gave_up', reversalWorkflowId(reversalId));
  await writeAuditLog(tx, act, {
    action: `reversal.${resolution}`,
    subject: reversalWorkflowId(reversalId),
    before: { status: reversal.status },
    after: { status: resolved.status },
  });
  return { reversal: resolved, transfer };
}

async function refuseUnlessResolvable(tx: Tx, reversal: Reversal, resolution: ReversalStatus): Promise<void> {
  const refuse = (detail: string) =>
    new VezaError('reversal_not_resolvable', detail, { status_now: reversal.status });
  if (reversal.status === resolution || !machineAllows(REVERSAL, reversal.status, resolution, 'review')) {
    throw refuse(`A reversal that is ${reversal.status} cannot become ${resolution}.`);
  }
  const [successor] = await tx
    .select()
    .from(transferReversals)
    .where(eq(transferReversals.retryOf, reversal.id));
  if (successor) throw refuse(`Reversal ${successor.id} has taken its place.`);
}

async function postingFor(
  tx: Tx,
  { sellerId, currency }: Transfer,
  reversal: Reversal,
  resolution: Resolution,
): Promise<readonly [PostingKind, Entry[]]> {
  const amountMinor = reversal.amountMinor - reversal.coveredMinor;
  if (reversal.status === 'written_off') return ['write_off_recovered', writeOffRecovered(amountMinor)];
  const funds = fundsOf(await lockFunds(tx, [sellerId], currency), sellerId);
  return resolution === 'written_off'
    ? ['reversal_written_off', reversalWrittenOff(sellerId, amountMinor, funds)]
    : ['reversal_settled_outside', reversalSettledOutside(sellerId, amountMinor, funds)];
}
