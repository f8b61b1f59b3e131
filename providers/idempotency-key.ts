/** Thrown before anything is sent: a blank key or id would let a repeated request act twice. */
export class EmptyIdempotencyKeyError extends Error {
  override readonly name = 'EmptyIdempotencyKeyError';
  /** Which parameter was blank, e.g. `idempotencyKey` or `refundId`. */
  readonly parameter: string;

  constructor(parameter: string) {
    super(`${parameter} is empty: nothing was sent`);
    this.parameter = parameter;
  }
}

/** Thrown before anything is sent: a key that the provider, or HTTP itself, cannot carry. */
export class InvalidIdempotencyKeyError extends Error {
  override readonly name = 'InvalidIdempotencyKeyError';
}

/** Thrown before anything is sent: an amount is a positive safe integer of minor units, always. */
export class InvalidAmountError extends Error {
  override readonly name = 'InvalidAmountError';
}

/** Stripe's limit, and a sensible one for everyone (https://docs.stripe.com/api/idempotent_requests). */
const KEY_MAX_CHARACTERS = 255;

/** Returns the key, or throws EmptyIdempotencyKeyError / InvalidIdempotencyKeyError. */
export function requireKey(key: string): string {
  requireId('idempotencyKey', key);
  if (key.length > KEY_MAX_CHARACTERS) {
    throw new InvalidIdempotencyKeyError(`idempotencyKey is longer than ${KEY_MAX_CHARACTERS} characters`);
  }
  // Any other character fails inside the HTTP client, would look like an unknown outcome, and would be retried for
  // ever.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new InvalidIdempotencyKeyError('idempotencyKey must be printable ASCII without spaces');
  }
  return key;
}

/** Returns the id, or throws EmptyIdempotencyKeyError naming the parameter. */
export function requireId(parameter: string, id: string): string {
  // Plain JavaScript callers and rows read from a database can pass undefined where the type says string.
  if (typeof id !== 'string' || id.trim() === '') throw new EmptyIdempotencyKeyError(parameter);
  return id;
}

/** Returns the amount in minor units, or throws InvalidAmountError. */
export function requireAmountMinor(amountMinor: number): number {
  if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) {
    throw new InvalidAmountError(`amountMinor must be a positive integer, not ${amountMinor}`);
  }
  return amountMinor;
}
