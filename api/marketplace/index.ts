export { createAdmission } from './admission.ts';
export { type FeedLimits, RefundFeed } from './refund-feed.ts';
export { Refund, showRefund } from './refund-view.ts';
export { Reversal, showReversal } from './reversal-view.ts';
export { showTransfer, Transfer } from './transfer-view.ts';
