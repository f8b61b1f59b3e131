export { order } from './order.ts';
export { refund } from './refund.ts';
export { transfer } from './transfer.ts';
export { reversal } from './reversal.ts';
export { payout } from './payout.ts';
export { onboarding } from './onboarding.ts';
export { reconcile } from './reconcile.ts';
export { backfillTransferIds } from './backfill-transfer-ids.ts';
