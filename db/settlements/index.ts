export { closeStatementFile } from './close-statement-file.ts';
export { discardStatement } from './discard-statement.ts';
export {
  EXCEPTION_STATES,
  type ExceptionRow,
  listStatementExceptions,
  listStatements,
  readStatement,
  readStatementException,
  type StatementRow,
} from './list.ts';
export { loadStatementRows, type NumberedRow } from './load-statement-rows.ts';
export { openStatement, type Statement } from './open-statement.ts';
export { type PayoutClaim, readPayoutClaims } from './payout-claims.ts';
export {
  type DisputeClaim,
  type OrderClaims,
  readOrderClaims,
  type RefundClaim,
  type ReversalClaim,
  type TransferClaim,
} from './provider-claims.ts';
export { resolveStatementException } from './resolve-statement-exception.ts';
