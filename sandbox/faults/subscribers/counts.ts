/** What subscribers asked for, by their results. */
export interface Subscribed {
  subscriptions: number;
  trials: number;
  /** Payments that a buyer made: the first, of an open invoice, after their bank wanted them. */
  paidInPerson: number;
  neverPaid: number;
  changes: number;
  cancels: number;
  reactivations: number;
  cards: number;
  refunds: number;
  disputes: number;
  terminated: number;
  /** Refused by the rules of subscriptions, by the code. */
  readonly refused: Record<string, number>;
}

export const nothingSubscribed = (): Subscribed => ({
  subscriptions: 0,
  trials: 0,
  paidInPerson: 0,
  neverPaid: 0,
  changes: 0,
  cancels: 0,
  reactivations: 0,
  cards: 0,
  refunds: 0,
  disputes: 0,
  terminated: 0,
  refused: {},
});
