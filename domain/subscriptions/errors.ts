import type { ErrorEntries } from '../error-entry.ts';

/** Plans, subscriptions and their invoices. */
export const SUBSCRIPTIONS_ERRORS = {
  plan_not_offered: { status: 400, title: 'The plan is not offered', retry: false },
  trial_not_offered: { status: 400, title: 'The plan has no trial', retry: false },
  nothing_to_change: { status: 400, title: 'Nothing would change', retry: false },
  invoice_disputed: { status: 400, title: 'A dispute of the invoice is open', retry: false },
  invoice_not_refundable: { status: 400, title: 'The invoice cannot be refunded', retry: false },
  subscription_no_payment: { status: 402, title: 'The subscription has no payment', retry: false },
  plan_required: { status: 403, title: 'Another plan is needed', retry: false },
  plan_not_found: { status: 404, title: 'No such plan', retry: false },
  subscription_not_found: { status: 404, title: 'No such subscription', retry: false },
  invoice_not_found: { status: 404, title: 'No such invoice', retry: false },
  subscription_exists: { status: 409, title: 'You have a subscription', retry: false },
  trial_already_used: { status: 409, title: 'The trial was used', retry: false },
  subscription_past_due: { status: 409, title: 'The subscription is past due', retry: false },
  subscription_canceling: { status: 409, title: 'The subscription is being cancelled', retry: false },
  payment_pending: { status: 409, title: 'A payment is under way', retry: false },
  payment_method_required: { status: 409, title: 'A card is needed', retry: false },
  cycle_change_at_period_end: {
    status: 409,
    title: 'The cycle changes at the end of the period',
    retry: false,
  },
  not_cancellable: { status: 409, title: 'The subscription cannot be cancelled', retry: false },
  not_reactivatable: { status: 409, title: 'The subscription cannot be taken back', retry: false },
  invoice_not_payable: { status: 409, title: 'The invoice cannot be paid', retry: false },
} as const satisfies ErrorEntries;
