export { keepAccount, refreshAccount } from './refresh-account.ts';
export { DIRECT_SHARE } from './reversals.ts';
