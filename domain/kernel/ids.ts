/** The generation a stored key was made with; 0 where none was ever made. */
export function keyGeneration(key: string | null): number {
  if (key === null) return 0;
  const generation = Number(key.slice(key.lastIndexOf(':') + 1));
  if (!Number.isSafeInteger(generation) || generation < 1)
    throw new Error(`not one of our idempotency keys: ${key}`);
  return generation;
}

/** In the place of an encryption key's id: no key encrypts, those of the ring only decrypt. */
export const NO_KEY = 'none';

/** Whether it can be the id of one of our rows: PostgreSQL refuses to compare a uuid with anything else. */
export const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);

/** Whether it can be an id of Stripe's with this prefix: a signal may name anything. They have 255 characters at most. */
export const isStripeId = (prefix: 'po' | 'tr', value: unknown): value is string =>
  typeof value === 'string' && value.startsWith(`${prefix}_`) && /^\w{1,252}$/.test(value.slice(3));
