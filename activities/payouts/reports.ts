import type { Db } from '../../db/client.ts';
import type { Payout } from '../../db/payouts/schema.ts';
import { readStoredWebhook } from '../../db/webhooks/index.ts';
import type { PayoutReport } from '../../domain/payouts/messages.ts';
import { payoutReport } from '../../providers/webhooks/reports.ts';
import { parseStripeEvent, type StripePayoutEvent } from '../../providers/webhooks/stripe-event.ts';

/** The account's owner can write metadata: only a payout exactly as we asked for it is believed. */
export const isPayoutAsAsked = (
  { id, externalPayoutId, stripeAccountId, amountMinor, currency }: Payout,
  seen: Pick<StripePayoutEvent, 'account' | 'stripePayoutId' | 'payoutId' | 'amountMinor' | 'currency'>,
): boolean =>
  (seen.stripePayoutId === externalPayoutId || seen.payoutId === id) &&
  seen.account === stripeAccountId &&
  seen.amountMinor === amountMinor &&
  seen.currency === currency;

export async function payoutReportFor(
  db: Db,
  payout: Payout,
  webhookId: string | null,
): Promise<PayoutReport | null> {
  const body = await readStoredWebhook(db, 'stripe', webhookId);
  const event = body === null ? null : parseStripeEvent(JSON.parse(body));
  return event?.subject === 'payout' && isPayoutAsAsked(payout, event) ? payoutReport(event) : null;
}
