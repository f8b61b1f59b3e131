/**
 * What an amount has to be a multiple of (docs.stripe.com/currencies, "Three-decimal currencies" and "Special
 * cases"):
 *
 * - BHD, JOD, KWD, OMR, TND: the last of three decimals is 0, in charges, refunds, transfers and reversals;
 * - ISK, UGX: two decimals on the wire that are always 00 (5 UGX are 500);
 * - HUF, TWD: paid out in whole units, though charged and sent in hundredths.
 *
 * Hyperswitch hands its amounts on to Stripe unchanged, so calls to the PSP follow the same rules.
 */
const GRAIN_MINOR: Readonly<Record<string, number>> = {
  BHD: 10,
  JOD: 10,
  KWD: 10,
  OMR: 10,
  TND: 10,
  ISK: 100,
  UGX: 100,
};
const PAYOUT_GRAIN_MINOR: Readonly<Record<string, number>> = { ...GRAIN_MINOR, HUF: 100, TWD: 100 };

/** The grain of charges, refunds, transfers and reversals. Minor units; 1 where Stripe takes any amount. */
export const grainMinor = (currency: string): number => GRAIN_MINOR[currency] ?? 1;

/** The grain of payouts. Minor units; 1 where Stripe takes any amount. */
export const payoutGrainMinor = (currency: string): number => PAYOUT_GRAIN_MINOR[currency] ?? 1;

/** The largest multiple of the grain that is not above the amount. */
export const cutMinor = (amountMinor: number, grain: number): number => amountMinor - (amountMinor % grain);

const raiseMinor = (amountMinor: number, grain: number): number =>
  Math.ceil(Math.max(amountMinor, 0) / grain) * grain;

/** Where a seller's share of a refund can come from. Minor units. */
export interface ShareSources {
  /** What went out for the order and is still with the seller. A multiple of the grain. */
  readonly sentMinor: number;
  /** Still to go out for the order. */
  readonly unsentMinor: number;
  /**
   * Whether Stripe was asked to send `unsentMinor` already: a reversal takes the refund's part back once it has gone
   * out.
   */
  readonly isAsked: boolean;
  /** What the grain has kept of the seller's shares so far. */
  readonly restMinor: number;
}

/** Where the share comes from. The parts add up to it. Minor units. */
export interface SharePlan {
  /** By reversals; a multiple of the grain. */
  readonly takenBackMinor: number;
  readonly unsentMinor: number;
  /** Out of the rest. Below zero where a reversal takes more than the share; the surplus stays the seller's. */
  readonly restMinor: number;
  /** What none of the other sources covers: the seller owes it, and the next transfer nets it. */
  readonly owedMinor: number;
}

/** Divides a share so that each amount that Stripe is asked for is a multiple of the grain. */
export function planShare(shareMinor: number, sources: ShareSources, grain: number): SharePlan {
  const { sentMinor, isAsked } = sources;
  const missingMinor = shareMinor - sources.unsentMinor - sources.restMinor;
  const least = raiseMinor(missingMinor, grain);
  const rounded = sources.unsentMinor > 0 ? Math.max(cutMinor(shareMinor, grain), least) : least;
  const takenBackMinor = Math.min(sentMinor, rounded);
  const leftMinor = shareMinor - takenBackMinor;
  const wanted = isAsked ? raiseMinor(leftMinor - sources.restMinor, grain) : Math.max(leftMinor, 0);
  const unsentMinor = Math.min(sources.unsentMinor, wanted);
  const restMinor = Math.min(leftMinor - unsentMinor, sources.restMinor);
  return { takenBackMinor, unsentMinor, restMinor, owedMinor: leftMinor - unsentMinor - restMinor };
}
