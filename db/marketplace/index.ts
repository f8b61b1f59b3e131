export { MARKETPLACE_FIGURES, REFUND_AGES, type RefundAgeFigure } from './figures.ts';
export {
  type GiveBackWork,
  refundLabel,
  type SettledRefund,
  type SubscriptionWork,
  reversalLabel,
  type ReversalWork,
  transferLabel,
  type TransferWork,
} from './labels.ts';
export { lockNamedRefund, lockReversal, lockTransferOfOrder } from './lock.ts';
export {
  disputedPaymentOf,
  isOfPayment,
  lockNamedPurchase,
  type Purchase,
  type Purchases,
  type PurchaseStore,
} from './purchase.ts';
export { clearFailedGiveBacks } from './refunds/clear-failed-give-backs.ts';
export { findGiveBack } from './refunds/find-give-back.ts';
export { NotReturnable } from './refunds/not-returnable.ts';
export { settleOutside } from './refunds/record-external-refund.ts';
export { isSuspended } from './orders/transition.ts';
export { type Order, orders } from './orders/schema.ts';
export { releasePayment, watchedFromNow, watchedSince } from './orders/watched-payment.ts';
export { adoptProviderRefund } from './refunds/adopt-provider-refund.ts';
export { type EndedRefund, endHeldRefund } from './refunds/end-held.ts';
export { giveBackAgain, heldOf } from './refunds/give-back-again.ts';
export { isHeldRefund } from './refunds/held.ts';
export { forgetMissedOrphan, missOrphan } from './refunds/miss-orphan.ts';
export { refundAsOperator } from './refunds/refund-as-operator.ts';
export { knownToPsp, requestRefundEnd } from './refunds/request-end.ts';
export { returnRefund } from './refunds/return.ts';
export { settleDispute } from './disputes/settle.ts';
export { recordExternalRefund } from './refunds/record-external-refund.ts';
export { type Dispute, disputes } from './disputes/schema.ts';
export { findReportedRefund } from './refunds/find-reported.ts';
export { type Refund, refunds } from './refunds/schema.ts';
export { differenceOf } from './refunds/settle.ts';
export { flagAfterAll, flagSentAfterAll } from './reversals/flag-after-all.ts';
export { readReversal, type ReversalRow } from './reversals/list.ts';
export { readWaitingForFunds } from './reversals/read-waiting-for-funds.ts';
export { requestReversalEnd } from './reversals/request-end.ts';
export { requestReversalRetry } from './reversals/request-retry.ts';
export { type Resolution, RESOLUTIONS, resolveReversal } from './reversals/resolve.ts';
export type { Postponement } from './transfers/postpone.ts';
export { requestTransferRetry } from './transfers/request-retry.ts';
export { resolveTransfer } from './transfers/resolve.ts';
export { type Reversal, sellerTransfers, type Transfer, transferReversals } from './transfers/schema.ts';
export { countTransfersWithoutId } from './transfers/without-id.ts';
export { MARKETPLACE_WORK } from './work.ts';
export { lockManyTransfers } from './lock-many.ts';
export { lastRefundDeadline, MARKETPLACE_OPEN_MONEY } from './open-money.ts';
export { MARKETPLACE_NAMED } from './named.ts';
export { purchaseBehind } from './purchase-behind.ts';
export { type OrderRows, readMoneyBackRows, readOrderRows } from './story-rows.ts';
export { MARKETPLACE_EXPORT } from './export.ts';
