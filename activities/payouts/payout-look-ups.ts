import { formatMoney } from '../../domain/kernel/index.ts';
import { payoutWorkflowId } from '../../domain/payouts/ids.ts';
import { raiseFlag } from '../../db/kernel/index.ts';
import type { PayoutClaim } from '../../db/payouts/ask.ts';
import { noteDiffering } from '../../db/payouts/postpone.ts';
import type { Payout } from '../../db/payouts/schema.ts';
import { recordAccountGone } from '../../db/sellers/index.ts';
import { isCalledOff } from '../../providers/stripe/payouts.ts';
import type { PayoutDeps } from './deps.ts';
import { isPayoutAsAsked } from './reports.ts';

type MadePayout = Parameters<typeof isPayoutAsAsked>[1];
type Ask = Extract<PayoutClaim, { kind: 'ask' }>;
/** What Stripe's own list says of our payout; `gone`: the account is gone, and Stripe will report nothing more. */
export type LookedUp = { readonly found: string } | 'absent' | 'unavailable' | 'differs' | 'gone';

/** Stripe's clock and ours may differ; a payout cannot be older than its row. */
const CLOCKS_DIFFER_MS = 60 * 60 * 1000;

/** What Stripe has of our payouts, held against what we asked for. */
export function payoutLookUps({ db, stripe }: PayoutDeps) {
  /** Whether Stripe made what we asked for. If not, it is neither booked nor given back: a person decides. */
  async function isAsAsked(payout: Payout, made: MadePayout): Promise<boolean> {
    if (isPayoutAsAsked(payout, made)) return true;
    const theirs = formatMoney(made.amountMinor, made.currency);
    const ours = formatMoney(payout.amountMinor, payout.currency);
    const said = `${made.stripePayoutId} at Stripe is of ${theirs}, our payout of ${ours}`;
    await raiseFlag(db, 'amount_differs', payoutWorkflowId(payout.id), said);
    await noteDiffering(db, payout.id, made);
    return false;
  }

  async function lookUp({ payout, stripeAccountId }: Ask): Promise<LookedUp> {
    const createdSinceMs = payout.createdAt.getTime() - CLOCKS_DIFFER_MS;
    const listed = await stripe.findPayout({ stripeAccountId, payoutId: payout.id, createdSinceMs });
    if (listed.kind === 'found') {
      const made = { ...listed.payout, account: stripeAccountId };
      // A payout of another amount that was called off at Stripe does not count any more.
      if (isCalledOff(listed.payout) && !isPayoutAsAsked(payout, made)) return 'absent';
      return (await isAsAsked(payout, made)) ? { found: made.stripePayoutId } : 'differs';
    }
    if (listed.kind === 'account_gone') {
      await recordAccountGone(db, stripeAccountId, listed.message);
      return 'gone';
    }
    return listed.kind === 'not_found' ? 'absent' : 'unavailable';
  }

  return { isAsAsked, lookUp };
}
