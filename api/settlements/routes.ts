import { listStatementExceptions } from './list-statement-exceptions.ts';
import { listStatements } from './list-statements.ts';
import { resolveStatementException } from './resolve-statement-exception.ts';

/** In the order of the reference page. */
export const SETTLEMENTS_ROUTES = [
  listStatements,
  listStatementExceptions,
  resolveStatementException,
] as const;
