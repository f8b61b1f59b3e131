import type { DisputeClaim, PaymentClaims } from '../db/settlements/index.ts';
import { statusAfter } from '../domain/marketplace/index.ts';
import type { HyperswitchBooks } from '../providers/hyperswitch/client.ts';
import type { PspDispute } from '../providers/hyperswitch/outcomes.ts';
import { disputeReportStatus } from '../providers/hyperswitch/verdicts.ts';
import { type Findings, isSame, said } from './findings.ts';
import { answered } from './reach.ts';

/** Compares the PSP's disputes of a payment with ours, one to one: status by the latest report, and amount. */
export async function compareDisputes(
  psp: HyperswitchBooks,
  { subject, paymentId, disputes }: PaymentClaims,
  findings: Findings,
): Promise<void> {
  if (paymentId === null) return;
  const listed = await answered('the PSP', () => psp.listDisputes({ paymentId }));
  const theirs = new Map(
    listed.kind === 'disputes' ? listed.disputes.map((dispute) => [dispute.disputeId, dispute]) : [],
  );
  for (const claim of disputes) {
    const found = theirs.get(claim.providerDisputeId);
    theirs.delete(claim.providerDisputeId);
    findings.compared.disputes += 1;
    compareDispute(subject, claim, found, findings);
  }
  for (const stranger of theirs.values()) {
    const what = `the PSP's dispute ${stranger.disputeId} of ${said(stranger)}, which is ${stranger.status}`;
    findings.differs(subject, `${what}, has no row of ours`);
  }
}

function compareDispute(
  subject: string,
  claim: DisputeClaim,
  theirs: PspDispute | undefined,
  findings: Findings,
): void {
  const named = `dispute ${claim.providerDisputeId}`;
  if (theirs === undefined) {
    findings.differs(subject, `${named} is ${claim.status}, the PSP has no such dispute`);
    return;
  }
  const status = disputeReportStatus(theirs.status);
  if (status !== null && statusAfter({ status }) !== claim.status)
    findings.differs(subject, `${named} is ${claim.status}, the PSP says ${theirs.status}`);
  else if (!isSame(claim, theirs))
    findings.differs(subject, `${named} is of ${said(claim)}, the PSP's of ${said(theirs)}`);
  else if (claim.unbookedWhy !== null) findings.list('disputes that are not booked', subject);
}
