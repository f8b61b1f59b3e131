import { type GatedInvoice, type GatedSubscription, hasEffectivePayment } from './gate.ts';

/** What a plan lets its subscriber do. */
export interface Features {
  readonly canSellOnMarketplace: boolean;
  readonly canDistribute: boolean;
  readonly uploadQuotaMb: number;
}

/** What everybody has, with or without a subscription. */
export const FREE_FEATURES: Features = {
  canSellOnMarketplace: false,
  canDistribute: false,
  uploadQuotaMb: 500,
};

/** The features of the person whose live subscription this is, or who has none (null). */
export function featuresOf(
  subscription: (GatedSubscription & { readonly features: Features }) | null,
  invoices: readonly GatedInvoice[],
  nowMs: number,
  graceMs: number,
): Features {
  return subscription !== null && hasEffectivePayment(subscription, invoices, nowMs, graceMs)
    ? subscription.features
    : FREE_FEATURES;
}
