import type { OrderClaims, ReversalClaim, TransferClaim } from '../db/settlements/index.ts';
import {
  orderWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
  RESOLVED,
} from '../domain/marketplace/index.ts';
import type { StripeReversal, StripeTransfer } from '../providers/stripe/outcomes.ts';
import { type Findings, isSame, said } from './findings.ts';
import { answered } from './reach.ts';
import type { StripeBooks } from './readers.ts';

/** Compares Stripe's transfers of an order, and their reversals, with ours, one to one. */
export async function compareTransfers(
  stripe: StripeBooks,
  { orderId, transfers }: OrderClaims,
  findings: Findings,
): Promise<void> {
  for (const destination of new Set(transfers.map((claim) => claim.destination))) {
    const claims = transfers.filter((claim) => claim.destination === destination);
    // A seller who never had an account was never sent anything, so there is nothing to ask.
    const made =
      destination === null
        ? []
        : (await answered('Stripe', () => stripe.listTransfers({ destination, orderId }))).transfers;
    const theirs = new Map(made.map((transfer) => [transfer.stripeTransferId, transfer]));
    // Rows with a Stripe id come first: a successor may have adopted the transfer that names its predecessor in the
    // metadata.
    const withId = claims.filter((claim) => claim.stripeTransferId);
    const without = claims.filter((claim) => !claim.stripeTransferId);
    for (const claim of [...withId, ...without])
      await compareTransfer(stripe, { ...claim, orderId }, theirs, findings);
    for (const stranger of theirs.values()) {
      // A transfer that was taken back whole at Stripe moved nothing.
      if (stranger.reversed) continue;
      findings.differs(
        orderWorkflowId(orderId),
        `Stripe's transfer ${stranger.stripeTransferId} of ${said(stranger)} has no row of ours`,
      );
    }
  }
}

/** Removes what it finds from `theirs`. */
async function compareTransfer(
  stripe: StripeBooks,
  { orderId, ...claim }: TransferClaim & { readonly orderId: string },
  theirs: Map<string, StripeTransfer>,
  findings: Findings,
): Promise<void> {
  const subject = transferWorkflowId(claim.id);
  if (claim.completedAt === null) {
    if (RESOLVED.includes(claim.status)) findings.list('transfers that ops ended', subject);
    const made = [...theirs.values()].find((transfer) => transfer.transferId === claim.id);
    if (made === undefined) return;
    theirs.delete(made.stripeTransferId);
    if (claim.status === 'pending' || claim.status === 'failed') findings.list('under way', subject);
    else findings.differs(subject, `it is ${claim.status}, Stripe made ${made.stripeTransferId}`);
    return;
  }
  findings.compared.transfers += 1;
  if (!claim.stripeTransferId) {
    findings.differs(subject, "it completed without Stripe's id: npm run ops -- backfill-transfer-ids");
    return;
  }
  const made =
    theirs.get(claim.stripeTransferId) ?? (await readUngrouped(stripe, claim.stripeTransferId, orderId));
  theirs.delete(claim.stripeTransferId);
  if (made === undefined) {
    findings.differs(subject, `Stripe has no transfer ${claim.stripeTransferId} of this order`);
    return;
  }
  if (!isSame(claim, made)) findings.differs(subject, `it is of ${said(claim)}, Stripe's of ${said(made)}`);
  await compareReversals(stripe, claim, made, findings);
}

/** Older systems set no transfer group: only the metadata of their transfers names the order. */
async function readUngrouped(
  stripe: StripeBooks,
  stripeTransferId: string,
  orderId: string,
): Promise<StripeTransfer | undefined> {
  const read = await answered('Stripe', () => stripe.readTransfer(stripeTransferId));
  return read.kind === 'transfer' && read.transfer.orderId === orderId ? read.transfer : undefined;
}

async function compareReversals(
  stripe: StripeBooks,
  { id: transferId, currency, reversals }: TransferClaim,
  transfer: StripeTransfer,
  findings: Findings,
): Promise<void> {
  if (transfer.amountReversedMinor === 0 && reversals.length === 0) return;
  const listed = await answered('Stripe', () => stripe.listReversals(transfer.stripeTransferId));
  const theirs = new Map(
    listed.kind === 'reversals' ? listed.reversals.map((made) => [made.stripeReversalId, made]) : [],
  );
  // Rows with a Stripe id come first: a retry may have adopted the reversal that an earlier row of its chain had
  // made.
  const withId = reversals.filter((claim) => claim.stripeReversalId);
  const without = reversals.filter((claim) => !claim.stripeReversalId);
  for (const claim of [...withId, ...without]) compareReversal(claim, currency, theirs, findings);
  for (const stranger of theirs.values()) {
    findings.differs(
      transferWorkflowId(transferId),
      `Stripe's reversal ${stranger.stripeReversalId} of ${said(stranger)} has no row of ours`,
    );
  }
}

/** Removes what it finds from `theirs`. */
function compareReversal(
  claim: ReversalClaim,
  currency: string,
  theirs: Map<string, StripeReversal>,
  findings: Findings,
): void {
  const subject = reversalWorkflowId(claim.id);
  const ours = { amountMinor: claim.amountMinor - claim.coveredMinor, currency };
  const made = claim.stripeReversalId
    ? theirs.get(claim.stripeReversalId)
    : [...theirs.values()].find((reversal) => reversal.reversalId === claim.id);
  if (made !== undefined) theirs.delete(made.stripeReversalId);
  switch (claim.status) {
    case 'reversed':
      findings.compared.reversals += 1;
      // Where others took the whole amount back, there is no reversal of ours.
      if (made === undefined && (claim.stripeReversalId || ours.amountMinor > 0))
        findings.differs(subject, `it took back ${said(ours)}, Stripe lists no such reversal`);
      else if (made !== undefined && !isSame(ours, made))
        findings.differs(subject, `it took back ${said(ours)}, at Stripe ${said(made)}`);
      return;
    case 'pending':
      findings.list('under way', subject);
      return;
    case 'settled_outside':
    case 'written_off':
    case 'withdrawn':
      findings.list('reversals that ops ended', subject);
      break;
    case 'permanently_failed':
      break;
  }
  if (made !== undefined)
    findings.differs(subject, `it is ${claim.status}, Stripe made ${made.stripeReversalId}`);
}
