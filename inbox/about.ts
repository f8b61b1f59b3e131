import { isPlainText } from '../domain/kernel/index.ts';
import type { HyperswitchEvent } from '../providers/webhooks/hyperswitch-event.ts';
import { ID_MAX_CHARS } from '../providers/webhooks/unusable.ts';
import type { StripeEvent } from '../providers/webhooks/stripe-event.ts';

/** The id of a webhook's object, as the webhook names it. By it the story of a row finds its webhooks. */
export function aboutOf(event: HyperswitchEvent | StripeEvent): string | null {
  const id = idIn(event);
  return id !== null && id.length <= ID_MAX_CHARS && isPlainText(id) ? id : null;
}

function idIn(event: HyperswitchEvent | StripeEvent): string | null {
  switch (event.subject) {
    case 'refund':
      return event.refundId;
    case 'payment':
      return event.paymentId ?? null;
    case 'dispute':
      return event.paymentId ?? event.disputeId ?? null;
    case 'transfer':
      return event.transfer.stripeTransferId;
    case 'payout':
      return event.payoutId ?? event.stripePayoutId;
    case 'account':
      return event.stripeAccountId;
    case 'other':
    case 'invalid':
      return null;
  }
}
