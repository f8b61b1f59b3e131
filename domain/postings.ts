import { MARKETPLACE_LEDGER_SUBJECTS, MARKETPLACE_POSTINGS } from './marketplace/postings.ts';
import { PAYOUT_LEDGER_SUBJECTS, PAYOUT_POSTINGS } from './payouts/postings.ts';
import { SUBSCRIPTION_LEDGER_SUBJECTS, SUBSCRIPTION_POSTINGS } from './subscriptions/postings.ts';

/** The register of postings: each subject brings its own kinds. */
export const POSTING_KINDS = [...MARKETPLACE_POSTINGS, ...PAYOUT_POSTINGS, ...SUBSCRIPTION_POSTINGS] as const;
export type PostingKind = (typeof POSTING_KINDS)[number];

/** And the kinds of rows that its postings are of: ids alone do not say in which table they are. */
export const LEDGER_SUBJECTS = [
  ...MARKETPLACE_LEDGER_SUBJECTS,
  ...PAYOUT_LEDGER_SUBJECTS,
  ...SUBSCRIPTION_LEDGER_SUBJECTS,
] as const;
export type LedgerSubject = (typeof LEDGER_SUBJECTS)[number];
