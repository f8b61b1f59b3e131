// A provider's settlement file held row by row against our rows, as its loader, its workflow and its readers see it.

export const STATEMENT_PROVIDERS = ['hyperswitch', 'stripe'] as const;
export type StatementProvider = (typeof STATEMENT_PROVIDERS)[number];

/** What rows of ours a statement may name, or fail to name. */
export const CLAIMABLE = ['payment', 'refund', 'transfer', 'reversal', 'payout', 'dispute'] as const;
export type Claimable = (typeof CLAIMABLE)[number];

/** What a row of a statement may say; a return is money that had left and came back. */
export const ROW_KINDS = [...CLAIMABLE, 'refund_return', 'payout_return', 'dispute_return'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/**
 * What a person has to look at:
 * - `amount_differs`: the row names one of ours with another amount, another currency, or one that did not move
 * - `missing_here`: the row names nothing of ours
 * - `missing_there`: ours, in the time that the file covers, and no row names it
 * - `claimed_twice`: an earlier row of the file names the same one of ours
 * - `bad_row`: the row cannot be read
 */
export const EXCEPTION_KINDS = [
  'amount_differs',
  'missing_here',
  'missing_there',
  'claimed_twice',
  'bad_row',
] as const;
export type ExceptionKind = (typeof EXCEPTION_KINDS)[number];

/** A row of a statement as it is matched, whichever layout it came in. */
export interface StatementRow {
  readonly kind: RowKind;
  /** The provider's id of what moved. */
  readonly ref: string;
  /** Another id by which it may be known: of the payment behind a charge or a refund. */
  readonly altRef: string | null;
  /** Our id, where the provider gives it back. */
  readonly ourRef: string | null;
  /** Minor units; negative where the money went the other way than it does for this kind. */
  readonly amountMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly at: Date;
}

/** What is wrong with a row: the first thing found. */
export interface BadRow {
  readonly column: string | null;
  readonly expected: string;
  /** What stands there, shortened; null where nothing does. */
  readonly found: string | null;
}

/** What a row of a file is: to be matched, of no concern to our books (counted by its type), or unreadable. */
export type RowRead =
  | { readonly row: StatementRow }
  | { readonly ignored: string }
  | { readonly bad: BadRow };

export interface StatementRequest {
  readonly statementId: string;
  /** Rows a transaction. */
  readonly batchRows?: number;
  /** After so many slices of work a new run goes on, so that no history grows without end. */
  readonly slicesPerRun?: number;
}

export type StatementStage = 'matching' | 'looking_for_missing' | 'ended';

export interface StatementProgress {
  readonly stage: StatementStage;
  readonly matched: number;
  /** Rows of the file. */
  readonly total: number;
}

/** Where a statement stands, as the workflow needs it to go on. */
export interface StatementState {
  readonly rows: number;
  readonly matchedThrough: number;
  readonly covers: readonly Claimable[];
  /** Whether everything that no row names was found; what named them may be gone since. */
  readonly isMissingKnown: boolean;
  readonly isEnded: boolean;
}

/** Where the search for what no row names stands: the time and id of the last of ours that was looked at. */
export interface MissingCursor {
  /** As PostgreSQL writes it, in microseconds. */
  readonly at: string;
  readonly id: string;
}
