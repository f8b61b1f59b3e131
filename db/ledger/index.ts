export { carryRest, fundsOf, type LockedFunds, lockFunds, post } from './post.ts';
export { ledgerEntries, sellerBalances } from './schema.ts';
