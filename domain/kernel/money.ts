/** The largest amount that JSON, JavaScript and `bigint` all hold exactly. */
export const MAX_AMOUNT_MINOR = Number.MAX_SAFE_INTEGER;

/** Throws unless the value is an integer amount in minor units that every part holds exactly. */
export function assertAmountMinor(amountMinor: number, what: string): number {
  if (!Number.isSafeInteger(amountMinor))
    throw new RangeError(`${what} is not a safe integer: ${amountMinor}`);
  return amountMinor;
}

/** Adds amounts in minor units; throws where the sum would no longer be exact. */
export function sumMinor(amountsMinor: Iterable<number>): number {
  let totalMinor = 0;
  for (const amountMinor of amountsMinor) totalMinor = assertAmountMinor(totalMinor + amountMinor, 'sum');
  return totalMinor;
}

/** The platform's fee of an amount, in minor units, rounded half up. `feeBps` is in basis points (1/10,000). */
export function platformFeeMinor(amountMinor: number, feeBps: number): number {
  const scaled = BigInt(assertAmountMinor(amountMinor, 'amount')) * BigInt(feeBps);
  return Number((scaled + 5_000n) / 10_000n);
}

/**
 * `amountMinor` × `part` ÷ `whole` in minor units, rounded once, half up. For a part from 0 to the whole, such as the
 * milliseconds that are left of a period; throws a RangeError for any other, and for a negative amount.
 */
export function proportionMinor(amountMinor: number, part: number, whole: number): number {
  if (amountMinor < 0 || part < 0 || part > whole || whole <= 0)
    throw new RangeError(`no proportion: ${part} of ${whole} of ${amountMinor}`);
  const twice = 2n * BigInt(assertAmountMinor(amountMinor, 'amount')) * BigInt(part);
  return Number((twice + BigInt(whole)) / (2n * BigInt(whole)));
}

export interface Weight {
  readonly id: string;
  readonly leftMinor: number;
}

/**
 * Divides an amount in proportion to what is left of each part, by the largest-remainder rule, ties by id. The parts
 * add up to the amount; none is negative, and none is above what is left of it. Throws a RangeError where the amount
 * is negative or more than all that is left.
 */
export function divideProportionally(amountMinor: number, weights: readonly Weight[]): Map<string, number> {
  const leftMinor = sumMinor(weights.map((weight) => weight.leftMinor));
  if (amountMinor < 0 || amountMinor > leftMinor) {
    throw new RangeError(`cannot divide ${amountMinor} among ${leftMinor}`);
  }
  if (amountMinor === 0) return new Map(weights.map(({ id }) => [id, 0]));
  const total = BigInt(leftMinor);
  const quotas = weights.map(({ id, leftMinor: left }) => {
    const product = BigInt(amountMinor) * BigInt(left);
    return { id, floorMinor: Number(product / total), remainder: product % total };
  });
  let missingMinor = amountMinor - sumMinor(quotas.map((quota) => quota.floorMinor));
  const parts = new Map(quotas.map(({ id, floorMinor }) => [id, floorMinor]));
  const byRemainder = quotas.toSorted((a, b) =>
    a.remainder === b.remainder ? compareIds(a.id, b.id) : a.remainder > b.remainder ? -1 : 1,
  );
  for (const { id, floorMinor } of byRemainder) {
    if (missingMinor === 0) break;
    parts.set(id, floorMinor + 1);
    missingMinor -= 1;
  }
  return parts;
}

const compareIds = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Decimal digits of the currencies whose minor unit is not a hundredth, as Stripe counts them
 * (docs.stripe.com/currencies). ISO 4217 differs in three: MGA has none here, and ISK and UGX have two, which are always 00
 * (`grainMinor`).
 */
const MINOR_DIGITS: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  MGA: 0,
  PYG: 0,
  RWF: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  JOD: 3,
  KWD: 3,
  OMR: 3,
  TND: 3,
};

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/**
 * The minor units of a decimal in major units, such as `-12.50` EUR or `1200` JPY: digit by digit, never through a
 * float. Null where the text is no such decimal, has more digits than the currency, or is more than an amount can
 * hold.
 */
export function minorOf(decimal: string, currency: string): number | null {
  const [, sign = '', whole = '', fraction = ''] = DECIMAL.exec(decimal) ?? [];
  if (whole === '') return null;
  const digits = MINOR_DIGITS[currency] ?? 2;
  if (/[1-9]/.test(fraction.slice(digits))) return null;
  const amountMinor = Number(`${sign}${whole}${fraction.slice(0, digits).padEnd(digits, '0')}`);
  return Number.isSafeInteger(amountMinor) ? amountMinor + 0 : null;
}

/** For people: `12.50 EUR`, `1200 JPY`. */
export function formatMoney(amountMinor: number, currency: string): string {
  const digits = MINOR_DIGITS[currency] ?? 2;
  const sign = amountMinor < 0 ? '-' : '';
  const padded = String(Math.abs(amountMinor)).padStart(digits + 1, '0');
  const whole = padded.slice(0, padded.length - digits);
  return digits === 0
    ? `${sign}${whole} ${currency}`
    : `${sign}${whole}.${padded.slice(-digits)} ${currency}`;
}

/** An amount in the minor unit of its currency. */
export interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}
