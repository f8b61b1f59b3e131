import type { MailTemplate } from '../../kernel/index.ts';
import type { SubscriptionMailParams } from '../mails.ts';
import { subscriptionStarted } from './subscription-started.ts';
import { trialStarted } from './trial-started.ts';
import { trialEnding } from './trial-ending.ts';
import { trialOver } from './trial-over.ts';
import { invoiceReceipt } from './invoice-receipt.ts';
import { yearRenewsSoon } from './year-renews-soon.ts';
import { paymentFailed } from './payment-failed.ts';
import { bankWantsYou } from './bank-wants-you.ts';
import { subscriptionRecovered } from './subscription-recovered.ts';
import { subscriptionExpired } from './subscription-expired.ts';
import { subscriptionCanceled } from './subscription-canceled.ts';
import { subscriptionTakenBack } from './subscription-taken-back.ts';
import { subscriptionChanged } from './subscription-changed.ts';
import { changeFailed } from './change-failed.ts';
import { invoiceRefunded } from './invoice-refunded.ts';
import { priceMoves } from './price-moves.ts';

/** A text for each kind. */
export const SUBSCRIPTION_MAIL_TEXTS: {
  readonly [Kind in keyof SubscriptionMailParams]: MailTemplate<SubscriptionMailParams[Kind]>;
} = {
  subscription_started: subscriptionStarted,
  trial_started: trialStarted,
  trial_ending: trialEnding,
  trial_over: trialOver,
  invoice_receipt: invoiceReceipt,
  year_renews_soon: yearRenewsSoon,
  payment_failed: paymentFailed,
  bank_wants_you: bankWantsYou,
  subscription_recovered: subscriptionRecovered,
  subscription_expired: subscriptionExpired,
  subscription_canceled: subscriptionCanceled,
  subscription_taken_back: subscriptionTakenBack,
  subscription_changed: subscriptionChanged,
  change_failed: changeFailed,
  invoice_refunded: invoiceRefunded,
  price_moves: priceMoves,
};
