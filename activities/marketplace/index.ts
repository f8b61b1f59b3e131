export { followUp } from './follow-up.ts';
export { factOf, isUnderWay, type LookedUpPayment } from './orders.ts';
export { outsideEventFor, type ReadEvent, storedPspEvent } from './reports.ts';
export { unread } from './unread.ts';
export type { MarketplaceSettings } from './deps.ts';
export { keepAccount, refreshAccount } from './refresh-account.ts';
export { queuedCallsPerSecond } from './stripe-pace.ts';
