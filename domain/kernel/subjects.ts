/**
 * What an operator may act on. A row is named by its workflow's id; rows without a workflow are named in the same
 * way.
 */
export const SUBJECT_KINDS = [
  'order',
  'refund',
  'transfer',
  'reversal',
  'payout',
  'webhook',
  'flag',
  'approval',
] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

export interface Subject {
  readonly kind: SubjectKind;
  /** A UUID in lower case. */
  readonly id: string;
}

const SUBJECT = /^([a-z]+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Reads `reversal/0198…`; null where the text names nothing of ours. */
export function parseSubject(text: string): Subject | null {
  const [, kind, id] = SUBJECT.exec(text.trim().toLowerCase()) ?? [];
  const known = SUBJECT_KINDS.find((name) => name === kind);
  return known === undefined || id === undefined ? null : { kind: known, id };
}

export const writeSubject = ({ kind, id }: Subject): string => `${kind}/${id}`;
