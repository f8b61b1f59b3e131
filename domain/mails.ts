import { SUBSCRIPTION_MAILS } from './subscriptions/mails.ts';

/** The register of mails: each subject brings its kinds. */
export const MAIL_KINDS = [...SUBSCRIPTION_MAILS] as const;
export type MailKind = (typeof MAIL_KINDS)[number];
