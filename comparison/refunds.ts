import type { PaymentClaims, RefundClaim } from '../db/settlements/index.ts';
import { refundWorkflowId } from '../domain/marketplace/index.ts';
import type { HyperswitchBooks } from '../providers/hyperswitch/client.ts';
import type { PspRefund } from '../providers/hyperswitch/outcomes.ts';
import { type Findings, isSame, said } from './findings.ts';
import { answered } from './reach.ts';

/** settlePayment's mark for a payment that the PSP cancelled after capture: the PSP has no refund for it. */
const CANCELLED_PREFIX = 'cancelled:';

/** Compares the PSP's refunds of a payment with ours, one to one. */
export async function compareRefunds(
  psp: HyperswitchBooks,
  claims: PaymentClaims,
  findings: Findings,
): Promise<void> {
  const { subject, paymentId } = claims;
  if (paymentId === null) return;
  const listed = await answered('the PSP', () => psp.listRefunds(paymentId));
  const theirs = new Map(
    listed.kind === 'refunds' ? listed.refunds.map((refund) => [refund.refundId, refund]) : [],
  );
  for (const claim of claims.refunds) {
    if (claim.kind === 'dispute') {
      findings.list('refunds of lost disputes', refundWorkflowId(claim.id));
      continue;
    }
    if (claim.hyperswitchRefundId?.startsWith(CANCELLED_PREFIX)) {
      findings.list('payments cancelled after capture', refundWorkflowId(claim.id));
      continue;
    }
    const id = claim.hyperswitchRefundId ?? claim.id;
    const before = theirs.get(id);
    theirs.delete(id);
    findings.compared.refunds += 1;
    compareRefund(claim, await latest(psp, id, claim, before), findings);
  }
  for (const stranger of theirs.values()) {
    if (stranger.status === 'failed') continue;
    const what = `the PSP's refund ${stranger.refundId} of ${said(stranger)}`;
    if (stranger.status === 'succeeded') findings.differs(subject, `${what} has no row of ours`);
    else findings.list('under way', `${subject} (${what} is ${stranger.status})`);
  }
}

/** A list is not synced with the connector, so the refund itself is read before anything is reported. */
async function latest(
  psp: HyperswitchBooks,
  id: string,
  { status }: RefundClaim,
  listed: PspRefund | undefined,
): Promise<PspRefund | null> {
  const isExpected = status === 'succeeded' ? listed?.status === 'succeeded' : listed !== undefined;
  if (isExpected || (status === 'failed' && listed === undefined)) return listed ?? null;
  const read = await answered('the PSP', () => psp.readRefund(id));
  return read.kind === 'refund' ? read.refund : null;
}

function compareRefund(claim: RefundClaim, theirs: PspRefund | null, findings: Findings): void {
  const subject = refundWorkflowId(claim.id);
  if (theirs !== null && !isSame(claim, theirs)) {
    findings.differs(subject, `it is of ${said(claim)}, the PSP's of ${said(theirs)}`);
    return;
  }
  switch (claim.status) {
    case 'pending':
      findings.list('under way', subject);
      return;
    case 'returned':
      findings.list('returned refunds', subject);
      return;
    case 'failed':
      if (theirs?.status === 'succeeded') findings.differs(subject, 'it failed, the PSP says succeeded');
      // It may be paid yet.
      else if (theirs !== null && theirs.status !== 'failed') findings.list('under way', subject);
      return;
    case 'succeeded':
      if (theirs === null) findings.differs(subject, `it succeeded, the PSP has no such refund`);
      else if (theirs.status !== 'succeeded')
        findings.differs(subject, `it succeeded, the PSP says ${theirs.status}`);
  }
}
