export { type AccountClaim, askAccount, releaseAccount } from './ask-account.ts';
export { closeLinkAsk, openLinkAsk, readLinkAsk } from './open-link-ask.ts';
export { detachAccount, recordAccountGone } from './record-account-gone.ts';
export { recordAccountLink } from './record-account-link.ts';
export { readStripeAccount, type StripeAccountRow } from './stripe-account.ts';
export { sellerAccounts } from './schema.ts';
export { seedCatalog } from './seed-catalog.ts';
export { SELLERS_EXPORT } from './export.ts';
