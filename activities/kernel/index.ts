export type { FileDeps, KernelDeps, RetrySettings } from './deps.ts';
export { GIVEN_UP } from './given-up.ts';
export { whileHeartbeating } from './heartbeat.ts';
export { notServedHere, retryLater, withoutSentence } from './retry-later.ts';
