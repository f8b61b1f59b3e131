import { DISPUTE_STAGES, type DisputeStage, type DisputeStatus } from './dispute-machine.ts';
import type { DisputeReport } from './messages.ts';

/** Where a dispute stands, by the latest report that counted. */
export interface DisputeStand {
  readonly status: DisputeStatus;
  readonly stage: DisputeStage;
  readonly amountMinor: number;
  /** When the PSP said so; null where it did not say. */
  readonly saidAt: Date | null;
  /** Whether it had ended once already at this stage. */
  readonly hasEnded: boolean;
}

/**
 * What a report of the PSP's means for a dispute:
 * - `newer`: it counts
 * - `known`: it says what we know
 * - `stale`: a newer report has counted already
 * - `contradicts`: it was said later, is of an earlier stage and gives another status: only a person can tell
 */
export type ReportPlace = 'newer' | 'known' | 'stale' | 'contradicts';

/** An expired dispute is still open: nobody has decided it. */
export const statusAfter = ({ status }: Pick<DisputeReport, 'status'>): DisputeStatus =>
  status === 'expired' ? 'open' : status;

/**
 * Reports come twice and in any order. So each is placed by its stage, then by the time at which the PSP said it, and
 * by the order of arrival only where neither tells. Within a stage a dispute begins open.
 */
export function placeOfReport(stand: DisputeStand, report: DisputeReport): ReportPlace {
  const status = statusAfter(report);
  const ahead = report.stage === undefined ? 0 : rank(report.stage) - rank(stand.stage);
  const later = isLater(stand, report);
  if (ahead > 0) return 'newer';
  if (ahead < 0) return later === true && status !== stand.status ? 'contradicts' : 'stale';
  if (status === stand.status) {
    if (report.amountMinor === stand.amountMinor) return 'known';
    return later === false ? 'stale' : 'newer';
  }
  if (stand.status === 'open' && !stand.hasEnded) return 'newer';
  if (status === 'open') return later === true ? 'newer' : 'stale';
  return later === false ? 'stale' : 'newer';
}

const rank = (stage: DisputeStage) => DISPUTE_STAGES.indexOf(stage);

/** Whether the report was said later than the one that counts; null where nobody can tell. */
function isLater({ saidAt }: DisputeStand, report: DisputeReport): boolean | null {
  if (saidAt === null || report.saidAt === undefined) return null;
  const byMs = Date.parse(report.saidAt) - saidAt.getTime();
  return byMs === 0 ? null : byMs > 0;
}
