import { eq, or } from 'drizzle-orm';
import { sellerPayouts, payoutLabel } from '../db/payouts/index.ts';
import { users } from '../db/accounts/index.ts';
import { sellerAccounts } from '../db/sellers/index.ts';
import { isUuid, formatMoney } from '../domain/kernel/index.ts';
import { onboardingWorkflowId } from '../domain/sellers/index.ts';
import { payoutWorkflowId } from '../domain/payouts/index.ts';
import { raiseFlag } from '../db/kernel/index.ts';
import { payoutReport } from '../providers/webhooks/reports.ts';
import type { StripeAccountEvent, StripePayoutEvent } from '../providers/webhooks/stripe-event.ts';
import { type Dispatched, hint, ignored, signalled, unhandled, unmatched } from './dispatched.ts';
import type { InboxDeps } from './deps.ts';

export async function dispatchPayout(
  deps: InboxDeps,
  event: StripePayoutEvent,
  webhookId: string,
): Promise<Dispatched> {
  const { db, engine } = deps;
  const report = payoutReport(event);
  if (report === null) return ignored(`${event.type} ends nothing`);
  const { stripePayoutId, payoutId } = event;
  const isOurs = payoutId !== null && isUuid(payoutId);
  const [payout] = await db
    .select()
    .from(sellerPayouts)
    .where(
      isOurs
        ? or(eq(sellerPayouts.externalPayoutId, stripePayoutId), eq(sellerPayouts.id, payoutId))
        : eq(sellerPayouts.externalPayoutId, stripePayoutId),
    );
  if (payout === undefined && isOurs) return unmatched(`no payout ${payoutId} is known`);
  // A payout from the platform's own balance belongs to no seller, and these books do not have it.
  if (payout === undefined && event.account === null)
    return ignored("a payout from the platform's own balance");
  if (payout === undefined) return flag(deps, event, 'is not ours');
  // The account's owner can write metadata: only a payout exactly as we asked for it is believed.
  const { stripeAccountId, amountMinor, currency } = payout;
  if (event.account !== stripeAccountId || event.amountMinor !== amountMinor || event.currency !== currency) {
    return flag(deps, event, `names our payout ${payout.id} and differs from it`);
  }
  await engine.notifyPayout(payoutLabel(payout), hint({ ...report, message: null }, webhookId));
  return signalled(payoutWorkflowId(payout.id));
}

async function flag({ db }: InboxDeps, event: StripePayoutEvent, what: string): Promise<Dispatched> {
  const amount = formatMoney(event.amountMinor, event.currency);
  const note = `${event.type}: ${event.stripePayoutId} of ${amount} from ${event.account ?? 'the platform'} ${what}`;
  await raiseFlag(db, 'outside_payout', event.stripePayoutId, note);
  return unhandled(note);
}

/** The onboarding workflow reads at Stripe what the seller may do now, since events come in any order. */
export async function dispatchAccount(
  { db, engine }: InboxDeps,
  event: StripeAccountEvent,
): Promise<Dispatched> {
  const userId = await findSeller(db, event);
  if (userId === null) return unmatched(`no seller with account ${event.stripeAccountId} is known`);
  await engine.notifyAccountChanged(userId);
  return signalled(onboardingWorkflowId(userId));
}

/** By the account, else by the user whom we named when we asked for it: the webhook may come before Stripe's answer. */
async function findSeller(
  db: InboxDeps['db'],
  { stripeAccountId, userId }: StripeAccountEvent,
): Promise<string | null> {
  const [account] = await db
    .select({ userId: sellerAccounts.userId })
    .from(sellerAccounts)
    .where(eq(sellerAccounts.stripeAccountId, stripeAccountId));
  if (account !== undefined) return account.userId;
  if (userId === null || !isUuid(userId)) return null;
  const [user] = await db.select({ id: users.id }).from(users).where(eq(users.id, userId));
  return user?.id ?? null;
}
