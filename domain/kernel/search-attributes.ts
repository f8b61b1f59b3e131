/**
 * What operators search by in Temporal's UI. They are never encrypted: ids and states only, nothing personal.
 * `temporal:setup` registers them; a start that names an unregistered one fails.
 */
export const SEARCH_ATTRIBUTES = {
  VezaOrderId: 'KEYWORD',
  VezaRefundId: 'KEYWORD',
  VezaSellerId: 'KEYWORD',
  VezaTransferId: 'KEYWORD',
  VezaSubscriptionId: 'KEYWORD',
  VezaUserId: 'KEYWORD',
  VezaPlan: 'KEYWORD',
  VezaStatus: 'KEYWORD',
  VezaRetryCount: 'INT',
  VezaNextAttemptAt: 'DATETIME',
  VezaAmountMinor: 'INT',
  VezaCurrency: 'KEYWORD',
} as const;
