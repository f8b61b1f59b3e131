import type { MailTemplate } from '../../kernel/index.ts';
import type { PayoutsMailParams } from '../mails.ts';
import { payoutPaid } from './payout-paid.ts';
import { payoutFailed } from './payout-failed.ts';

/** A text for each kind. */
export const PAYOUTS_MAIL_TEXTS: {
  readonly [Kind in keyof PayoutsMailParams]: MailTemplate<PayoutsMailParams[Kind]>;
} = {
  payout_paid: payoutPaid,
  payout_failed: payoutFailed,
};
