import type {
  CreateAccountOutcome,
  CreatePayoutOutcome,
  CreateReversalOutcome,
  CreateTransferOutcome,
} from './outcomes.ts';

/** Stripe may prune a key after this (https://docs.stripe.com/api/idempotent_requests). */
export const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;

/**
 * A key this old is looked up before it is used again: Stripe may forget it before our answer comes, and would carry
 * the request out a second time. One hour less than the key's lifetime, since clocks differ and calls take time.
 */
export const KEY_TOO_OLD_MS = KEY_LIFETIME_MS - 60 * 60 * 1000;

/**
 * Whether a new idempotency key may be used after this outcome, **once Stripe's list was read and ours is not in
 * it**.
 *
 * Only after a definite 4xx (stored under the key), a 5xx marked `Idempotent-Replayed` (stored as well), or with a
 * key older than 24 h (`keyAgeMs` in milliseconds since it was first used). In all other cases the same key is used
 * again: 429, 401 and 409 are not stored, and no answer or a fresh 5xx may hide a success.
 */
export function permitsNewKey(
  outcome: CreateTransferOutcome | CreateReversalOutcome | CreatePayoutOutcome | CreateAccountOutcome,
  keyAgeMs: number,
): boolean {
  switch (outcome.kind) {
    case 'created':
      return false;
    case 'refused':
    case 'insufficient_funds':
    case 'key_mismatch':
    case 'no_such_transfer':
    case 'already_reversed':
    case 'amount_exceeds_left':
    case 'account_gone':
      return true;
    case 'unknown':
      return outcome.storedUnderKey || keyAgeMs > KEY_LIFETIME_MS;
    case 'rate_limited':
    case 'unauthorized':
      return keyAgeMs > KEY_LIFETIME_MS;
  }
}
