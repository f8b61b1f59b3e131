/** Kinds of mails about orders and their refunds, to the buyer. */
export const MARKETPLACE_MAILS = [
  'order_receipt',
  'refund_asked',
  'refund_succeeded',
  'refund_failed',
] as const;

/** `amount` is in the minor unit of the currency. */
type OfOrder = { readonly order_id: string; readonly amount: number; readonly currency: string };

/** What each kind of mail about an order says. */
export type MarketplaceMailParams = {
  /** `items`: how many products. */
  readonly order_receipt: OfOrder & { readonly items: number };
  readonly refund_asked: OfOrder;
  readonly refund_succeeded: OfOrder;
  readonly refund_failed: OfOrder;
};
