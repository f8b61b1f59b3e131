/** The generation that a stored key was made with; 0 where there is no key yet. */
export function keyGeneration(key: string | null): number {
  if (key === null) return 0;
  const generation = Number(key.slice(key.lastIndexOf(':') + 1));
  if (!Number.isSafeInteger(generation) || generation < 1)
    throw new Error(`not one of our idempotency keys: ${key}`);
  return generation;
}

/** Stands in the place of an encryption key's id: no key encrypts, and the keys of the ring only decrypt. */
export const NO_KEY = 'none';

/** Whether the value can be the id of one of our rows: PostgreSQL refuses to compare a uuid with anything else. */
export const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);

/**
 * Whether the value can be a Stripe id with this prefix: a signal may name anything. Ids have at most 255 characters.
 */
export const isStripeId = (prefix: 'po' | 'tr', value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(`${prefix}_`) && /^\w{1,252}$/.test(value.slice(3));
