import { eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { ReportedCard } from '../../domain/subscriptions/messages.ts';
import type { BillingTerms } from '../../domain/subscriptions/terms.ts';
import type { Tx } from '../client.ts';
import { type PaymentMethod, paymentMethods, type Subscription } from './schema.ts';
import { trialCardHash } from './trial-hash.ts';

/**
 * Puts a card that may be charged later on file, in the place of the subscription's present one. Null where the PSP's
 * id is another person's, which it never is; then nothing is kept. The caller points the subscription to it.
 */
export async function keepCard(
  tx: Tx,
  { userId, paymentMethodId: presentId }: Pick<Subscription, 'userId' | 'paymentMethodId'>,
  card: ReportedCard,
  { now, trialHashKey }: { readonly now: Date } & Pick<BillingTerms, 'trialHashKey'>,
): Promise<PaymentMethod | null> {
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
