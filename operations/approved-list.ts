import type { Approval } from '../db/approvals/index.ts';
import type { Money } from '../domain/kernel/index.ts';

/** An action on many that waits: these rows and no others, however many come to match until somebody agrees. */
export interface ApprovedList {
  readonly subjects: readonly string[];
  readonly totals: readonly Money[];
}

/** Null: the approval is about one row. */
export function listOf({ subject, params }: Pick<Approval, 'subject' | 'params'>): ApprovedList | null {
  // Written by `decideBulk` alone.
  return isBulkSubject(subject) ? (params as ApprovedList) : null;
}

/** How an approval names a list. */
export const bulkSubject = (fingerprint: string) => `list/${fingerprint}`;
const isBulkSubject = (subject: string) => subject.startsWith('list/');
