import { ACCOUNT_MAIL_TEXTS } from './accounts/mail-texts/index.ts';
import { ACCOUNT_MAILS, type AccountMailParams, type REQUEST_MAILS } from './accounts/mails.ts';
import { type MailSite, type MailTemplate, writeOut, type WrittenMail } from './kernel/mail-content.ts';
import { MARKETPLACE_MAIL_TEXTS } from './marketplace/mail-texts/index.ts';
import { MARKETPLACE_MAILS, type MarketplaceMailParams } from './marketplace/mails.ts';
import { PAYOUTS_MAIL_TEXTS } from './payouts/mail-texts/index.ts';
import { PAYOUTS_MAILS, type PayoutsMailParams } from './payouts/mails.ts';
import { PRIVACY_MAIL_TEXTS } from './privacy/mail-texts/index.ts';
import { PRIVACY_MAILS, type PrivacyMailParams } from './privacy/mails.ts';
import { SUBSCRIPTION_MAIL_TEXTS } from './subscriptions/mail-texts/index.ts';
import { SUBSCRIPTION_MAILS, type SubscriptionMailParams } from './subscriptions/mails.ts';

/** The register of mails that are rows: each subject brings its kinds, and what each says. */
export const MAIL_KINDS = [
  ...ACCOUNT_MAILS,
  ...MARKETPLACE_MAILS,
  ...PAYOUTS_MAILS,
  ...SUBSCRIPTION_MAILS,
  ...PRIVACY_MAILS,
] as const;
export type MailKind = (typeof MAIL_KINDS)[number];

type ParamsOf = AccountMailParams &
  MarketplaceMailParams &
  PayoutsMailParams &
  SubscriptionMailParams &
  PrivacyMailParams;
/** A kind of mail with what it says. */
type Said<Kinds extends keyof ParamsOf> = {
  [Kind in Kinds]: { readonly kind: Kind; readonly params: ParamsOf[Kind] };
}[Kinds];
export type MailText = Said<MailKind>;
/** The same of a mail that is sent in the request. */
export type RequestMailText = Said<(typeof REQUEST_MAILS)[number]>;

const TEXTS: { readonly [Kind in keyof ParamsOf]: MailTemplate<ParamsOf[Kind]> } = {
  ...ACCOUNT_MAIL_TEXTS,
  ...MARKETPLACE_MAIL_TEXTS,
  ...PAYOUTS_MAIL_TEXTS,
  ...SUBSCRIPTION_MAIL_TEXTS,
  ...PRIVACY_MAIL_TEXTS,
};

/** A mail as people read it. */
export const textOfMail = ({ kind, params }: MailText | RequestMailText, site: MailSite): WrittenMail =>
  // The type of a kind's params is that of its text; TypeScript does not see both as one.
  writeOut((TEXTS[kind] as MailTemplate<typeof params>)(params, site));
