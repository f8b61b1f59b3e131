export { ORDER_ACTIONS, REFUND_ACTIONS, REVERSAL_ACTIONS, TRANSFER_ACTIONS } from './actions.ts';
export { type BackfillProgress, type BackfillReport, UNMATCHED, unmatchedCount } from './backfill.ts';
export { DISPUTE_STAGES, type DisputeStage } from './dispute-machine.ts';
export { statusAfter } from './dispute-reports.ts';
export type { RefundAsk, RefundDecision } from './eligibility.ts';
export {
  backfillWorkflowId,
  orderWorkflowId,
  refundKey,
  refundWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
} from './ids.ts';
export {
  type DisputeReport,
  type OrderPlacing,
  type OrderRequest,
  type OutsideEvent,
  type PaymentReport,
  type RefundLook,
  type RefundOpening,
  type RefundRequest,
  type RefundReport,
  REVERSAL_AT_WORK,
  type ReversalAdoption,
} from './messages.ts';
export type { PurchaseKind, PurchaseRef } from './purchase.ts';

export { isBooked, isOutside, rowBehind } from './reversals-seen.ts';
export { FEE_POLICIES, type FeePolicy } from './shares.ts';
export { RESOLVED } from './transfer-machine.ts';
