import { and, eq, isNull, sql } from 'drizzle-orm';
import type { BillingTime } from '../../domain/subscriptions/billing-time.ts';
import type { Db, Tx } from '../client.ts';
import { invoicePayments } from './invoices/schema.ts';
import { paymentMethods, type Subscription } from './schema.ts';

/** Card networks fine whoever asks for one card more than some 15 times in 30 days: so many refusals are enough. */
const REFUSALS_MAX = 14;
const REFUSED_WITHIN_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * The card on file of a subscription; null where there is none that may be charged without its holder: its bank may have
 * said, of whichever charge, that it must not be, or has refused it as often in 30 days of billing time as networks suffer.
 */
export async function chargeableCard(
  db: Db | Tx,
  { paymentMethodId }: Pick<Subscription, 'paymentMethodId'>,
  { scale }: Pick<BillingTime, 'scale'>,
): Promise<string | null> {
  if (paymentMethodId === null) return null;
  const refusals = sql`(SELECT count(*) FROM ${invoicePayments}
    WHERE ${invoicePayments.paymentMethodId} = ${paymentMethodId} AND NOT ${invoicePayments.onSession}
      AND ${invoicePayments.status} = 'failed'
      AND ${invoicePayments.askedAt} > clock_timestamp() - make_interval(secs => ${REFUSED_WITHIN_MS / scale / 1000}::float8))`;
  const [card] = await db
    .select({ id: paymentMethods.id })
    .from(paymentMethods)
    .where(
      and(
        eq(paymentMethods.id, paymentMethodId),
        isNull(paymentMethods.refusedAt),
        sql`${refusals} < ${REFUSALS_MAX}`,
      ),
    );
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
