import { SUBSCRIPTION_MAILS, type SubscriptionMailParams } from './subscriptions/mails.ts';

/** The register of mails: each subject brings its kinds, and what each says. */
export const MAIL_KINDS = [...SUBSCRIPTION_MAILS] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

type ParamsOf = SubscriptionMailParams;
/** A kind of mail with what it says. */
export type MailText = {
  [Kind in MailKind]: { readonly kind: Kind; readonly params: ParamsOf[Kind] };
}[MailKind];
