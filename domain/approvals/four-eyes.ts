import type { Money } from '../kernel/index.ts';

/** How long what one admin asked for waits for another: what is older may not be what is wanted any more. */
export const APPROVAL_VALID_MS = 7 * 24 * 60 * 60 * 1000;

/** Whoever agrees tells the engine within this time, or did not get through. */
const TELLING_MS = 60 * 1000;

/** Whether the engine was never told of what was agreed to: anybody who may agree may tell it then. */
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
 * Whether a second admin has to agree: strictly above the threshold, whatever the currency. `decided` is what the first
 * has decided on within a day, this included, a currency at a time.
 */
export const needsSecondAdmin = (decided: readonly Money[], aboveMinor: number): boolean =>
  decided.some(({ amountMinor }) => amountMinor > aboveMinor);

/** Of several amounts the one that decides: totals are compared with the threshold a currency at a time. */
export const largest = (totals: readonly Money[]): Money | null =>
  totals.reduce<Money | null>(
    (most, total) => (most === null || total.amountMinor > most.amountMinor ? total : most),
    null,
  );
