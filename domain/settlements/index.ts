export { settlementWorkflowId } from './ids.ts';
export {
  type BadRow,
  type Claimable,
  CLAIMABLE,
  EXCEPTION_KINDS,
  ROW_KINDS,
  type RowKind,
  type RowRead,
  SETTLEMENT_PROVIDERS,
  type SettlementProgress,
  type SettlementProvider,
} from './settlement-file.ts';
