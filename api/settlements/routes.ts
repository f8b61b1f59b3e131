import { listSettlementExceptions } from './list-exceptions.ts';
import { listSettlementFiles } from './list-files.ts';
import { resolveSettlementException } from './resolve-exception.ts';

/** In the order of the reference page. */
export const SETTLEMENTS_ROUTES = [
  listSettlementFiles,
  listSettlementExceptions,
  resolveSettlementException,
] as const;
