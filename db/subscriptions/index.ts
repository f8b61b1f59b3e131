export {
  CHARGES_OF_AN_HOUR,
  type ChargeFigure,
  DEFERRED,
  type DeferredFigure,
  LIVE_SUBSCRIPTIONS,
  type LiveFigure,
  MAILS_OF_AN_HOUR,
  type MailFigure,
  SUBSCRIPTIONS_FIGURES,
} from './figures.ts';
export { subscriptionsClosing } from './closing.ts';
export { SUBSCRIPTIONS_OPEN_MONEY } from './open-money.ts';
export { SUBSCRIPTIONS_NAMED } from './named.ts';
export { readSubscriptionRows, subscriptionBehind, type SubscriptionRows } from './story-rows.ts';
export { SUBSCRIPTIONS_WORK } from './work.ts';
export { assertMayDistribute, assertMaySell } from './gates.ts';
export { featuresOf } from './read/features.ts';
export { readSubscriptionLabel, type SubscriptionWork } from './label.ts';
export { chargeNow } from './operators/charge-now.ts';
export { endNow } from './operators/end-now.ts';
export { lockManySubscriptions } from './operators/lock-many.ts';
export { movePrice, todaysPriceOf } from './operators/move-price.ts';
export { retryInvoice, retrySubscription } from './operators/retry.ts';
export { voidInvoice } from './operators/void-invoice.ts';
export { type Invoice, invoicePayments, invoices } from './invoices/schema.ts';
export { lockInvoice, lockSubscription } from './lock.ts';
export { type Subscription, subscriptions } from './schema.ts';
export { billingNow } from './billing-clock.ts';
export { findPayment, type FoundPayment } from './find-payment.ts';
export { releaseAttempt } from './attempts/watched.ts';
export { endDeadSetup } from './setups.ts';
export { isPhantomNow, seemsPhantom } from './phantoms.ts';
export { flagUnreadPayment } from './flag-unread-payment.ts';
export { flagUnnamedMoney } from './unnamed-money.ts';
export { SUBSCRIPTIONS_EXPORT } from './export.ts';
