import { DISPUTE_STAGES, type DisputeStage, type DisputeStatus } from './dispute-machine.ts';
import type { DisputeReport } from './messages.ts';

/** Where a dispute stands, by the latest word that counted. */
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
 * What a word of the PSP's is to a dispute that stands:
 * - `newer`: it counts
 * - `known`: it says what is known
 * - `stale`: it was overtaken by the one that counted last
 * - `contradicts`: said later, of an earlier stage, and something else: nobody but a person can tell
 */
export type ReportPlace = 'newer' | 'known' | 'stale' | 'contradicts';

/** An expired dispute is still open: nobody has decided it. */
export const statusAfter = ({ status }: Pick<DisputeReport, 'status'>): DisputeStatus =>
  status === 'expired' ? 'open' : status;

/**
 * Words come doubled and in any order, so each is placed by its stage, then by the time at which it was said, and only
 * where neither tells by the order in which it came. Within a stage a dispute begins open.
 */
export function placeOfReport(stand: DisputeStand, word: DisputeReport): ReportPlace {
  const status = statusAfter(word);
  const ahead = word.stage === undefined ? 0 : rank(word.stage) - rank(stand.stage);
  const later = isLater(stand, word);
  if (ahead > 0) return 'newer';
  if (ahead < 0) return later === true && status !== stand.status ? 'contradicts' : 'stale';
  if (status === stand.status) {
    if (word.amountMinor === stand.amountMinor) return 'known';
    return later === false ? 'stale' : 'newer';
  }
  if (stand.status === 'open' && !stand.hasEnded) return 'newer';
  if (status === 'open') return later === true ? 'newer' : 'stale';
  return later === false ? 'stale' : 'newer';
}

const rank = (stage: DisputeStage) => DISPUTE_STAGES.indexOf(stage);

/** Whether it was said later than what counts; null where nobody can tell. */
function isLater({ saidAt }: DisputeStand, word: DisputeReport): boolean | null {
  if (saidAt === null || word.saidAt === undefined) return null;
  const byMs = Date.parse(word.saidAt) - saidAt.getTime();
  return byMs === 0 ? null : byMs > 0;
}
