import { MARKETPLACE_POSTINGS } from './marketplace/postings.ts';
import { PAYOUT_POSTINGS } from './payouts/postings.ts';

/** The register of postings: each subject brings its own kinds. */
export const POSTING_KINDS = [...MARKETPLACE_POSTINGS, ...PAYOUT_POSTINGS] as const;
export type PostingKind = (typeof POSTING_KINDS)[number];
