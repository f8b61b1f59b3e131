import type { Approval } from '../db/approvals/index.ts';
import type { Money } from '../domain/kernel/index.ts';

/** A waiting action on many: on exactly these rows, even if others match before somebody agrees. */
export interface ApprovedList {
  readonly subjects: readonly string[];
  readonly totals: readonly Money[];
}

/** Null: the approval is about one row. */
export function listOf({ subject, params }: Pick<Approval, 'subject' | 'params'>): ApprovedList | null {
  // Only `decideBulk` writes it.
  return isBulkSubject(subject) ? (params as ApprovedList) : null;
}

/** How an approval names a list. */
export const bulkSubject = (fingerprint: string) => `list/${fingerprint}`;
const isBulkSubject = (subject: string) => subject.startsWith('list/');
