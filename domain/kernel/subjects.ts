/** A row, as operators name it: by its workflow's id; rows without a workflow are named in the same way. */
export interface Subject {
  /** `refund`, `flag`, …: what kinds there are, `operations/index.ts` knows. */
  readonly kind: string;
  /** A UUID in lower case. */
  readonly id: string;
}

const SUBJECT = /^([a-z]+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Reads `reversal/0198…`; null where the text is no such name. */
export function parseSubject(text: string): Subject | null {
  const [, kind, id] = SUBJECT.exec(text.trim().toLowerCase()) ?? [];
  return kind === undefined || id === undefined ? null : { kind, id };
}

export const writeSubject = ({ kind, id }: Subject): string => `${kind}/${id}`;
