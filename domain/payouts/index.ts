export { payoutWorkflowId } from './ids.ts';
export type { PayoutOpening, PayoutRequest, PayoutWord } from './messages.ts';
