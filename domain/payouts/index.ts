export { PAYOUT_ACTIONS } from './actions.ts';
export { payoutWorkflowId } from './ids.ts';
export type { PayoutOpening, PayoutRequest, PayoutReport } from './messages.ts';
