export type { AskAnswer, AskOutcome } from './asks.ts';
export type { InvoiceEvent, PaymentNews } from './hints.ts';
export { type PhantomProgress, type PhantomReport, phantomsWorkflowId } from './phantoms.ts';
export type { SubscriptionStatus } from './subscription-machine.ts';
export { classifyDecline, type DeclineFacts, refusedCharge } from './decline.ts';
export { billingMs, type BillingTime, realDelayMs, realMs } from './billing-time.ts';
export { dunningStepsDue, dunningStepsOf, isDunningOver, nextDunningStepMs } from './dunning.ts';
export { featuresOf, FREE_FEATURES } from './features.ts';
export {
  effectiveInvoice,
  type GatedInvoice,
  type GatedSubscription,
  hasEffectivePayment,
  isPhantom,
} from './gate.ts';
export { renewalJitterMs } from './jitter.ts';
export { BILLING_CYCLES } from './billing-cycle.ts';
export { periodOf } from './periods.ts';
export { type ChangeToQuote, quoteChange } from './proration.ts';
export { INVOICE_ACTIONS, SUBSCRIPTION_ACTIONS } from './actions.ts';
export { invoiceSubject, REVENUE_SCHEDULE_ID, subscriptionWorkflowId } from './ids.ts';
export type { EndReason } from './subscription-machine.ts';
export { recognisableMinor } from './revenue.ts';
export { secretLifeSeconds } from './secret-life.ts';
export { trialMail } from './trial-mail.ts';
export { type ChangeableSubscription, decideChange, type WishedPrice } from './when-change.ts';
export type { AttemptReport, ReportedCard } from './messages.ts';
export type { AskedOfSubscription, AskedSubscription, WishedChange } from './asked.ts';
export { type BillingTerms, billingTermsOf, invoiceTermsOf, type InvoiceVariables } from './terms.ts';
