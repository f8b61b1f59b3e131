export { carryRest, fundsOf, type LockedFunds, lockFunds, post } from './post.ts';
export { LEDGER_OPEN_MONEY } from './open-money.ts';
export { ledgerEntries, sellerBalances } from './schema.ts';
export { LEDGER_EXPORT } from './export.ts';
