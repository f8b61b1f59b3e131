/** Stripe's two worlds: what is of one is nothing in the other. */
export type StripeMode = 'live' | 'test';

/**
 * Of a secret or restricted key, by its prefix (docs.stripe.com/keys); null where it does not say, as a stand-in's may not.
 */
export function modeOfKey(secretKey: string): StripeMode | null {
  const [, mode] = /^(?:sk|rk)_(live|test)_/.exec(secretKey) ?? [];
  return mode === 'live' || mode === 'test' ? mode : null;
}
