import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Db, Tx } from '../client.ts';
import { paymentMethods, type Subscription } from './schema.ts';

/**
 * The card on file of a subscription; null where there is none that may be charged without its holder: its bank may have
 * said, of whichever charge, that it must not be.
 */
export async function chargeableCard(
  db: Db | Tx,
  { paymentMethodId }: Pick<Subscription, 'paymentMethodId'>,
): Promise<string | null> {
  if (paymentMethodId === null) return null;
  const [card] = await db
    .select({ id: paymentMethods.id })
    .from(paymentMethods)
    .where(and(eq(paymentMethods.id, paymentMethodId), isNull(paymentMethods.refusedAt)));
  return card?.id ?? null;
}

/** The bank of a card that was charged without its holder said that this must not be done again. */
export async function refuseCard(tx: Tx, paymentMethodId: string): Promise<void> {
  await tx
    .update(paymentMethods)
    .set({ refusedAt: sql`clock_timestamp()` })
    .where(eq(paymentMethods.id, paymentMethodId));
}

/** It was charged after all. */
export async function acceptCard(tx: Tx, paymentMethodId: string): Promise<void> {
  await tx.update(paymentMethods).set({ refusedAt: null }).where(eq(paymentMethods.id, paymentMethodId));
}
