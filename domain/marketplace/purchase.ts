/** The kinds of purchases, which may be refunded or disputed. Refunds and disputes have a column for each. */
export const PURCHASE_KINDS = ['order', 'invoice'] as const;
export type PurchaseKind = (typeof PURCHASE_KINDS)[number];

/** What somebody paid for: one order, or one invoice. */
export interface PurchaseRef {
  readonly kind: PurchaseKind;
  readonly id: string;
}

/**
 * A purchase by one of its payments. An invoice may have had several attempts, and money may come of more than one of
 * them; what becomes of a payment that it did not take is a matter of that payment alone.
 */
export interface PaymentRef extends PurchaseRef {
  /** The PSP's id of the payment; absent or null: the one that the purchase took. */
  readonly paymentId?: string | null;
}
