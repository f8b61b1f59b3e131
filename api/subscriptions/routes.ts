import { cancel } from './cancel.ts';
import { changeBillingCycle } from './change-billing-cycle.ts';
import { changePlan } from './change-plan.ts';
import { getInvoice } from './get-invoice.ts';
import { getMySubscription } from './get-my-subscription.ts';
import { listInvoices } from './list-invoices.ts';
import { listPlans } from './list-plans.ts';
import { listSubscriptions } from './list-subscriptions.ts';
import { pay } from './pay.ts';
import { previewChange } from './preview-change.ts';
import { putCardOnFile } from './put-card-on-file.ts';
import { reactivate } from './reactivate.ts';
import { refundInvoice } from './refund-invoice.ts';
import { subscribe } from './subscribe.ts';

/** In the order of the reference page. */
export const SUBSCRIPTIONS_ROUTES = [
  listPlans,
  subscribe,
  getMySubscription,
  cancel,
  reactivate,
  previewChange,
  changePlan,
  changeBillingCycle,
  pay,
  putCardOnFile,
  listInvoices,
  getInvoice,
  listSubscriptions,
  refundInvoice,
] as const;
