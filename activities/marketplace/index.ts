export type { MarketplaceSettings } from './deps.ts';
export { keepAccount, refreshAccount } from './refresh-account.ts';
export { queuedCallsPerSecond } from './stripe-pace.ts';
