/** Stripe's two worlds: an object of one does not exist in the other. */
export type StripeMode = 'live' | 'test';

/**
 * The mode of a secret or restricted key, by its prefix (docs.stripe.com/keys); null where the prefix does not say,
 * as with a stand-in's key.
 */
export function modeOfKey(secretKey: string): StripeMode | null {
  const [, mode] = /^(?:sk|rk)_(live|test)_/.exec(secretKey) ?? [];
  return mode === 'live' || mode === 'test' ? mode : null;
}
