import type { Db } from '../db/client.ts';
import type { PayoutClaim } from '../db/settlements/index.ts';
import { isWebhookUnderWay } from '../db/webhooks/index.ts';
import { payoutWorkflowId } from '../domain/payouts/index.ts';
import type { StripePayout } from '../providers/stripe/outcomes.ts';
import { isCalledOff } from '../providers/stripe/payouts.ts';
import { type Findings, isSame, said } from './findings.ts';
import { answered } from './reach.ts';
import type { StripeBooks } from './readers.ts';

/** Stripe's statuses that agree with each status of our row. */
const AT_STRIPE: Readonly<Record<PayoutClaim['status'], readonly string[]>> = {
  pending: ['pending', 'in_transit'],
  paid: ['paid'],
  failed: ['failed', 'canceled'],
};

/** Stripe's clock and ours may differ; a payout cannot be older than its row. */
const CLOCKS_DIFFER_MS = 60 * 60 * 1000;

/**
 * Compares a payout of ours with Stripe's: found by Stripe's id where the row has one, otherwise by our id in the
 * account's list.
 */
export async function comparePayout(
  db: Db,
  stripe: StripeBooks,
  claim: PayoutClaim,
  findings: Findings,
): Promise<void> {
  const subject = payoutWorkflowId(claim.id);
  const made = await look(stripe, claim);
  if (made === 'unreadable') {
    findings.list('payouts that cannot be read', subject);
    return;
  }
  if (claim.externalPayoutId === null && claim.status !== 'paid') {
    if (made !== null) compareUnknown(claim, made, findings);
    return;
  }
  findings.compared.payouts += 1;
  if (made === null) {
    const { status, externalPayoutId: id } = claim;
    const detail =
      id === null ? `it is ${status}, Stripe has none of it` : `Stripe has no payout ${id} of its account`;
    findings.differs(subject, detail);
  } else if (!isSame(claim, made)) {
    findings.differs(subject, `it is of ${said(claim)}, Stripe's of ${said(made)}`);
  } else if (!AT_STRIPE[claim.status].includes(made.status)) {
    if (await isBeingBooked(db, claim, made)) findings.list('under way', subject);
    else findings.differs(subject, `it is ${claim.status}, Stripe says ${made.status}`);
  }
}

/** Null: Stripe has no such payout. */
async function look(stripe: StripeBooks, claim: PayoutClaim): Promise<StripePayout | 'unreadable' | null> {
  const { id: payoutId, stripeAccountId, externalPayoutId: stripePayoutId } = claim;
  // Older rows do not say which account paid out.
  if (stripeAccountId === null) return 'unreadable';
  const createdSinceMs = claim.createdAt.getTime() - CLOCKS_DIFFER_MS;
  const found = await answered('Stripe', async () => {
    const outcome =
      stripePayoutId === null
        ? await stripe.findPayout({ stripeAccountId, payoutId, createdSinceMs })
        : await stripe.readPayout({ stripeAccountId, stripePayoutId });
    if (outcome.kind === 'account_gone') return { kind: 'gone' } as const;
    const isMissing = outcome.kind === 'refused' && outcome.code === 'resource_missing';
    return isMissing && stripePayoutId !== null ? ({ kind: 'not_found' } as const) : outcome;
  });
  if (found.kind === 'gone') return 'unreadable';
  return found.kind === 'not_found' ? null : found.payout;
}

/** Stripe made the payout and our row has no Stripe id: a look-up is still to come, or nobody knows of the payout. */
function compareUnknown(claim: PayoutClaim, made: StripePayout, findings: Findings): void {
  const subject = payoutWorkflowId(claim.id);
  if (claim.status === 'failed') {
    const what = `Stripe made ${made.stripePayoutId}, which is ${made.status}`;
    if (!isCalledOff(made)) findings.differs(subject, `it failed before it was sent, ${what}`);
  } else if (isSame(claim, made)) {
    findings.list('under way', subject);
  } else if (isCalledOff(made)) {
    // A payout that was called off moved nothing, and Stripe is asked again for the one that we want.
    return;
  } else if (isNoted(claim, made)) {
    findings.list('payouts of another amount at Stripe', subject);
  } else {
    findings.differs(subject, `it is of ${said(claim)}, Stripe's of ${said(made)}`);
  }
}

/** The difference is flagged, and an operator decides. */
const isNoted = ({ currency, differingId, differingMinor }: PayoutClaim, made: StripePayout): boolean =>
  differingId === made.stripePayoutId &&
  (made.currency === currency ? differingMinor === made.amountMinor : differingMinor === null);

/** Whether a stored webhook that reports Stripe's status is still to be processed, and our row may take that status. */
async function isBeingBooked(db: Db, { id, status }: PayoutClaim, made: StripePayout): Promise<boolean> {
  if (status === 'failed') return false;
  return isWebhookUnderWay(db, {
    provider: 'stripe',
    type: `payout.${made.status}`,
    about: [id, made.stripePayoutId],
  });
}
