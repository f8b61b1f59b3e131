export type { MarketplaceSettings } from './deps.ts';
export { keepAccount, refreshAccount } from './refresh-account.ts';
export { DIRECT_SHARE } from './reversals.ts';
