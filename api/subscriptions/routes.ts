import { getInvoice } from './get-invoice.ts';
import { getMySubscription } from './get-my-subscription.ts';
import { listInvoices } from './list-invoices.ts';
import { listPlans } from './list-plans.ts';
import { listSubscriptions } from './list-subscriptions.ts';

/** In the order of the reference page. */
export const SUBSCRIPTIONS_ROUTES = [
  listPlans,
  getMySubscription,
  listInvoices,
  getInvoice,
  listSubscriptions,
] as const;
