export { classifyDecline, type DeclineFacts, refusedCharge } from './decline.ts';
