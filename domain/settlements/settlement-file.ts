// A provider's settlement file, held row by row against our rows: what its loader, its workflow and its readers see.

export const SETTLEMENT_PROVIDERS = ['hyperswitch', 'stripe'] as const;
export type SettlementProvider = (typeof SETTLEMENT_PROVIDERS)[number];

/** The kinds of our rows that a settlement file names. */
export const CLAIMABLE = ['payment', 'refund', 'transfer', 'reversal', 'payout', 'dispute'] as const;
export type Claimable = (typeof CLAIMABLE)[number];

/** The kinds of a settlement file's rows. A return is money that had left and came back. */
export const ROW_KINDS = [...CLAIMABLE, 'refund_return', 'payout_return', 'dispute_return'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/**
 * What a person has to look at:
 * - `amount_differs`: the row names one of ours with another amount, another currency, or one that did not move
 * - `missing_here`: the row names nothing of ours
 * - `missing_there`: a row of ours lies in the time that the file covers, and no row of the file names it
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

/** A row of a settlement file as it is matched, the same for every layout. */
export interface SettlementFileRow {
  readonly kind: RowKind;
  /** The provider's id of what moved. */
  readonly ref: string;
  /** Another id of the same thing, such as that of the payment behind a charge or a refund. */
  readonly altRef: string | null;
  /** Our id, where the provider gives it back. */
  readonly ourRef: string | null;
  /** Minor units; negative where the money went the opposite way for its kind. */
  readonly amountMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly at: Date;
}

/** What is wrong with a row: the first thing found. */
export interface BadRow {
  readonly column: string | null;
  readonly expected: string;
  /** What the column holds, shortened; null where it is empty. */
  readonly found: string | null;
}

/**
 * What a row of a file turned out to be: one to match, one that does not concern our books (counted by its type), or
 * an unreadable one.
 */
export type RowRead =
  | { readonly row: SettlementFileRow }
  | { readonly ignored: string }
  | { readonly bad: BadRow };

export interface SettlementRequest {
  readonly statementId: string;
  /** Rows of one transaction. */
  readonly batchRows?: number;
  /** After so many slices of work the workflow continues as new, so that no history grows without end. */
  readonly slicesPerRun?: number;
}

export type SettlementStage = 'matching' | 'looking_for_missing' | 'ended';

export interface SettlementProgress {
  readonly stage: SettlementStage;
  readonly matched: number;
  /** Rows of the file. */
  readonly total: number;
}

/** Where the matching of a settlement file stands, so that the workflow can go on. */
export interface SettlementState {
  readonly rows: number;
  readonly matchedThrough: number;
  readonly covers: readonly Claimable[];
  /**
   * Whether all of our rows that the file does not name were found already. After that the file's own claims are
   * deleted.
   */
  readonly isMissingKnown: boolean;
  readonly isEnded: boolean;
}

/** Where the search for our unnamed rows stands: time and id of the last of our rows that was looked at. */
export interface MissingCursor {
  /** As PostgreSQL writes it, in microseconds. */
  readonly at: string;
  readonly id: string;
}
