// The backfill of Stripe's ids on transfers that an older system sent: what its workflow and those who follow it see.

/**
 * - `none`: Stripe lists no transfer of that order and amount to the seller
 * - `several`: it lists more than one that no row claims, and nobody can tell which is ours
 * - `claimed`: the transfer that it lists belongs to another row, or fits another one as well
 * - `unreadable`: Stripe refuses to list the account's transfers
 */
export const UNMATCHED = ['none', 'several', 'claimed', 'unreadable'] as const;
export type Unmatched = (typeof UNMATCHED)[number];

export interface BackfillFinding {
  readonly transferId: string;
  readonly orderId: string;
  readonly why: Unmatched;
  readonly detail: string;
}

/** What was found for one transfer: its id at Stripe, or why there is none. */
export type BackfillOutcome = { readonly stripeTransferId: string } | BackfillFinding;

export interface BackfillProgress {
  readonly dryRun: boolean;
  /** Completed transfers that had no id when the backfill began. */
  readonly total: number;
  readonly looked: number;
  /** Ids written; of a dry run, ids that would be written. */
  readonly matched: number;
  readonly unmatched: Readonly<Record<Unmatched, number>>;
}

export interface BackfillReport extends BackfillProgress {
  /** The first of those without a match. All of them are flagged for operators, except by a dry run. */
  readonly findings: readonly BackfillFinding[];
}

/** Findings are carried from run to run and shown in one piece, so they have to stay far below a payload's limit. */
const FINDINGS_MAX = 1_000;

export const beginReport = (dryRun: boolean, total: number): BackfillReport => ({
  dryRun,
  total,
  looked: 0,
  matched: 0,
  unmatched: { none: 0, several: 0, claimed: 0, unreadable: 0 },
  findings: [],
});

export function addOutcomes(report: BackfillReport, outcomes: readonly BackfillOutcome[]): BackfillReport {
  const found = outcomes.filter((outcome) => 'why' in outcome);
  const unmatched = { ...report.unmatched };
  for (const { why } of found) unmatched[why] += 1;
  return {
    ...report,
    looked: report.looked + outcomes.length,
    matched: report.matched + outcomes.length - found.length,
    unmatched,
    findings: [...report.findings, ...found].slice(0, FINDINGS_MAX),
  };
}

export const unmatchedCount = ({ unmatched }: BackfillProgress): number =>
  UNMATCHED.reduce((count, why) => count + unmatched[why], 0);

export interface BackfillRequest {
  readonly dryRun: boolean;
  /** Rows of one activity; fewer rows show progress in smaller steps. */
  readonly batchRows?: number;
  /** After so many batches the workflow continues as new, so that no history grows without end. */
  readonly batchesPerRun?: number;
  /** Where the run before stood. */
  readonly carried?: { readonly afterId: string; readonly report: BackfillReport };
}
