export { actionsInTemporal, type ActionWords, effectOf, RETRY_IN_TEMPORAL } from './action-words.ts';
export { backoffDelayMs, type BackoffPolicy } from './backoff.ts';
export { durationMs } from './duration.ts';
export { maskEmail, maskEmails, withoutEmails } from './emails.ts';
export {
  assertFileKey,
  type ByteRange,
  type FilePage,
  type FileStat,
  type FileStore,
  type OpenFile,
  type PutOptions,
  StoreFault,
  type StoreFaultCode,
} from './file-store.ts';
export { cutMinor, grainMinor, payoutGrainMinor, planShare, type SharePlan } from './grain.ts';
export { isStripeId, isUuid, keyGeneration, NO_KEY } from './ids.ts';
export { joined } from './joined.ts';
export { keyInUse, type EncryptionKey, type KeyRing, personalKeysOf } from './key-ring.ts';
export { machineAllows, type Machine, type TransitionCause } from './machine.ts';
export { maskForGood, maskPersonalData, maskTextForGood } from './mask.ts';
export { dayOf, type MailContent, type MailTemplate, minuteOf, withoutLinks } from './mail-content.ts';
export type {
  KeptAsk,
  Attempt,
  AttemptRequest,
  Evidence,
  Hint,
  IdempotencyKey,
  KeptAnswer,
  Refused,
  Wordless,
} from './messages.ts';
export { RUN_IS_FULL } from './messages.ts';
export {
  divideProportionally,
  formatMoney,
  MAX_AMOUNT_MINOR,
  minorOf,
  type Money,
  platformFeeMinor,
  proportionMinor,
  sumMinor,
} from './money.ts';
export { counting, type Counts, type Looked } from './looks.ts';
export { formatTraceparent, type Origin, ORIGIN_HEADER, parseTraceparent, runSpanId } from './origin.ts';
export { asPlainText, isPlainText, message } from './plain-text.ts';
export { isProduction } from './production.ts';
export { isSealed, parseSealed, type Sealed, writeSealed } from './sealed.ts';
export { SEARCH_ATTRIBUTES } from './search-attributes.ts';
export { parseSubject, type Subject, writeSubject } from './subjects.ts';
