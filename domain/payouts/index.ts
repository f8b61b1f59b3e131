export { DEBT_ACTIONS, PAYOUT_ACTIONS } from './actions.ts';
export { balanceSubject, payoutWorkflowId } from './ids.ts';
export { decidePayout } from './eligibility.ts';
export type { AskedPayout, PayoutOpening, PayoutRequest, PayoutReport } from './messages.ts';
