export { type AttemptClaims, readAttemptClaims } from './attempt-claims.ts';
export { closeSettlementFile } from './close-file.ts';
export { discardSettlementFile } from './discard-file.ts';
export {
  EXCEPTION_STATES,
  type ExceptionRow,
  listSettlementExceptions,
  listSettlementFiles,
  readSettlementFile,
  readSettlementException,
  type CountedSettlementFile,
} from './list.ts';
export { loadSettlementRows, type NumberedRow } from './load-rows.ts';
export { openSettlementFile, type SettlementFile } from './open-file.ts';
export { type PayoutClaim, readPayoutClaims } from './payout-claims.ts';
export {
  type DisputeClaim,
  type OrderClaims,
  type PaymentClaims,
  readOrderClaims,
  type RefundClaim,
  type ReversalClaim,
  type TransferClaim,
} from './provider-claims.ts';
export { resolveSettlementException } from './resolve-exception.ts';
