import { isPlainText } from '../../domain/kernel/index.ts';
import type { HyperswitchEvent } from './hyperswitch-event.ts';
import type { StripeEvent } from './stripe-event.ts';

/** Hyperswitch's ids have 64 characters at most, Stripe's 255 (docs.stripe.com/upgrades); an index entry has its own end. */
export const ID_MAX_CHARS = 255;

/** Fields that people read, and that no row is found by. */
const FOR_PEOPLE: ReadonlySet<string> = new Set([
  ...['errorMessage', 'failureCode', 'failureMessage', 'disabledReason', 'requirementsDue'],
]);

/**
 * Why an event's ids cannot be looked up: an id or a word is longer than any provider's, or no row can hold it. Null
 * where they can. Such an event is kept as it came, and changes nothing.
 */
export function whyUnusable(event: HyperswitchEvent | StripeEvent): string | null {
  return whyUnusableIn(Object.entries(event));
}

function whyUnusableIn(fields: readonly (readonly [string, unknown])[]): string | null {
  for (const [name, value] of fields) {
    if (FOR_PEOPLE.has(name)) continue;
    const why =
      typeof value === 'string'
        ? whyNoWord(name, value)
        : typeof value === 'object' && value !== null
          ? whyUnusableIn(Object.entries(value))
          : null;
    if (why !== null) return why;
  }
  return null;
}

function whyNoWord(name: string, value: string): string | null {
  if (value.length > ID_MAX_CHARS) return `its ${name} has ${value.length} characters`;
  return isPlainText(value) ? null : `its ${name} holds a NUL or half a character`;
}
