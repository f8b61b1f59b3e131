import { getInvoice } from './get-invoice.ts';
import { getMySubscription } from './get-my-subscription.ts';
import { listInvoices } from './list-invoices.ts';
import { listPlans } from './list-plans.ts';
import { listSubscriptions } from './list-subscriptions.ts';
import { refundInvoice } from './refund-invoice.ts';

/** In the order of the reference page. */
export const SUBSCRIPTIONS_ROUTES = [
  listPlans,
  getMySubscription,
  listInvoices,
  getInvoice,
  listSubscriptions,
  refundInvoice,
] as const;
