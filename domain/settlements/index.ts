export { statementWorkflowId } from './ids.ts';
export {
  type BadRow,
  type Claimable,
  CLAIMABLE,
  EXCEPTION_KINDS,
  ROW_KINDS,
  type RowKind,
  type RowRead,
  STATEMENT_PROVIDERS,
  type StatementProgress,
  type StatementProvider,
} from './provider-statement.ts';
