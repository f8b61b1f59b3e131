import type { Money } from '../kernel/index.ts';

/** How long an approval waits for a second admin. After that, the first may not want the action any more. */
export const APPROVAL_VALID_MS = 7 * 24 * 60 * 60 * 1000;

/** An admin's agreement reaches the engine within this time, or it did not get through. */
const TELLING_MS = 60 * 1000;

/** Whether an action was agreed to and the engine was never notified. Anybody who may agree may notify it then. */
export const isUntold = (
  {
    status,
    decidedAt,
    toldAt,
  }: { readonly status: string; readonly decidedAt: Date | null; readonly toldAt: Date | null },
  nowMs: number,
): boolean =>
  status === 'approved' && toldAt === null && nowMs - (decidedAt?.getTime() ?? nowMs) > TELLING_MS;

/**
 * Whether a second admin has to agree: strictly above the threshold, which is the same for each currency. `decided`
 * are the first admin's totals of one day, with this action, one for each currency.
 */
export const needsSecondAdmin = (decided: readonly Money[], aboveMinor: number): boolean =>
  decided.some(({ amountMinor }) => amountMinor > aboveMinor);

/** The largest of the totals decides: each currency's total is compared with the threshold. */
export const largest = (totals: readonly Money[]): Money | null =>
  totals.reduce<Money | null>(
    (most, total) => (most === null || total.amountMinor > most.amountMinor ? total : most),
    null,
  );
