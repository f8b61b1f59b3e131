import type { MailTemplate } from '../../kernel/index.ts';
import type { MarketplaceMailParams } from '../mails.ts';
import { orderReceipt } from './order-receipt.ts';
import { refundAsked } from './refund-asked.ts';
import { refundSucceeded } from './refund-succeeded.ts';
import { refundFailed } from './refund-failed.ts';

/** A text for each kind. */
export const MARKETPLACE_MAIL_TEXTS: {
  readonly [Kind in keyof MarketplaceMailParams]: MailTemplate<MarketplaceMailParams[Kind]>;
} = {
  order_receipt: orderReceipt,
  refund_asked: refundAsked,
  refund_succeeded: refundSucceeded,
  refund_failed: refundFailed,
};
