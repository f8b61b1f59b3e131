import type { FeePolicy } from '../domain/marketplace/index.ts';
import { invoiceTermsOf, type InvoiceVariables } from '../domain/subscriptions/index.ts';
import { orderStore } from './marketplace/orders/purchase.ts';
import type { Purchases } from './marketplace/purchase.ts';
import { invoiceStore } from './subscriptions/invoices/purchase.ts';

/** The variables of the environment that say what becomes of refunded money. */
export interface PurchaseVariables extends InvoiceVariables {
  readonly REFUND_FEE_POLICY: FeePolicy;
}

/** What refunds and disputes may be of, a line a kind. Roots make it of their settings, and hand it down. */
export const createPurchases = (config: PurchaseVariables): Purchases => ({
  order: orderStore(config.REFUND_FEE_POLICY),
  invoice: invoiceStore(invoiceTermsOf(config)),
});
