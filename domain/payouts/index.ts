export { DEBT_ACTIONS, PAYOUT_ACTIONS } from './actions.ts';
export { balanceSubject, payoutWorkflowId } from './ids.ts';
export type { PayoutOpening, PayoutRequest, PayoutReport } from './messages.ts';
