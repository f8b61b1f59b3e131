/** The kinds of purchases, which may be refunded or disputed. Refunds and disputes have a column for each. */
export const PURCHASE_KINDS = ['order', 'invoice'] as const;
export type PurchaseKind = (typeof PURCHASE_KINDS)[number];

/** What somebody paid for: one order, or one invoice. */
export interface PurchaseRef {
  readonly kind: PurchaseKind;
  readonly id: string;
}
