export { foundOut, type Heard, hinted } from './heard.ts';
export { Mailbox } from './mailbox.ts';
export { giveUp, retryNow, state } from './messages.ts';
export {
  aroundSweep,
  askPsp,
  attemptMailServer,
  attemptStripe,
  attemptStripeDirectly,
  backfillBatch,
  buildCopy,
  databaseVerb,
  erasingStep,
  openPayouts,
  DISPUTE_LOOKS_MS,
  LONGEST_ACTIVITY_MS,
  MOVES_TO_NEW_VERSIONS,
  PAYMENT_ANSWER_WAIT,
  settlementSlice,
  startMails,
  STAYS_ON_ITS_VERSION,
  sweepBatch,
  UNDERWAY_PAYMENT_LOOK_MS,
  UNDERWAY_PAYOUT_LOOK_MS,
  upkeepRows,
} from './policies.ts';
export { takingTurns } from './in-turn.ts';
export { Sleep } from './sleep.ts';
export { describe, show, showChanges } from './visibility.ts';
export { catchStraySignals, settleMessages } from './stray-signals.ts';
export { firstAttempt, showAsking, showEnded, showWaiting, untilDue } from './waiting.ts';
