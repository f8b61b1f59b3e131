import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { ReportedCard } from '../../domain/subscriptions/messages.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Tx } from '../client.ts';
import { type PaymentMethod, paymentMethods, type Subscription } from './schema.ts';
import { trialCardHash } from './trial-hash.ts';

/** A card that its holder gave by a payment that was begun then, which is real time. */
interface GivenCard {
  readonly card: ReportedCard;
  readonly begunAt: Date;
}

/**
 * Puts a card that may be charged later on file, in the place of the subscription's present one. Null where nothing is
 * kept: a card was given by a payment that was begun later, or the PSP's id is another person's, which it never is. The
 * caller writes the card, and when it was begun, into the subscription.
 */
export async function keepCard(
  tx: Tx,
  { userId, paymentMethodId: presentId, cardBegunAt }: Subscription,
  { card, begunAt }: GivenCard,
  { now, trialHashKey }: { readonly now: Date } & Pick<BillingTerms, 'trialHashKey'>,
): Promise<PaymentMethod | null> {
  if (cardBegunAt !== null && begunAt < cardBegunAt) return null;
  const { providerPaymentMethodId, fingerprint, brand, last4, expMonth, expYear } = card;
  const shown = { brand, last4, expMonth, expYear };
  const fingerprintHash = fingerprint === null ? null : trialCardHash(trialHashKey, fingerprint);
  const [kept] = await tx
    .insert(paymentMethods)
    .values({ id: uuidv7(), userId, providerPaymentMethodId, fingerprintHash, ...shown })
    .onConflictDoUpdate({
      target: paymentMethods.providerPaymentMethodId,
      set: {
        ...shown,
        replacedAt: null,
        // Its holder was there.
        refusedAt: null,
        fingerprintHash: sql`coalesce(excluded.fingerprint_hash, ${paymentMethods.fingerprintHash})`,
      },
      setWhere: eq(paymentMethods.userId, userId),
    })
    .returning();
  if (kept === undefined) return null;
  if (presentId !== null && presentId !== kept.id)
    await tx.update(paymentMethods).set({ replacedAt: now }).where(eq(paymentMethods.id, presentId));
  return kept;
}
