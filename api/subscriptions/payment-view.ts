import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { readAttempt, readCardSetup } from '../../db/subscriptions/read/payments.ts';
import type { InvoicePayment } from '../../db/subscriptions/invoices/schema.ts';
import type { CardSetup } from '../../db/subscriptions/schema.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import type { Asked } from './asking.ts';

/** A payment that its subscriber makes, or a card on file is charged for. */
export const SubscriptionPayment = z
  .object({
    payment_id: z.string(),
    client_secret: z
      .string()
      .nullable()
      .openapi({ description: 'For your browser; null where there is nothing to confirm' }),
    status: z
      .string()
      .openapi({ description: 'The payment provider’s last word', example: 'requires_payment_method' }),
  })
  .openapi('SubscriptionPayment');

type Shown = z.infer<typeof SubscriptionPayment>;

/**
 * The payment of an ask as the rows know it; null while the PSP has not answered, and where an ask has none. Throws
 * `provider_refused`.
 */
export async function readPayment(
  c: Context<ApiEnv>,
  { outcome: { attemptId, setupId }, refusedByPsp }: Asked,
): Promise<Shown | null> {
  const { db } = c.var.deps;
  if (refusedByPsp !== null) throw new VezaError('provider_refused', refusedByPsp);
  const payment =
    attemptId !== undefined
      ? await readAttempt(db, attemptId)
      : setupId !== undefined
        ? await readCardSetup(db, setupId)
        : null;
  if (payment === null) return null;
  const refused = refusalOf(payment);
  if (refused !== null) throw new VezaError('provider_refused', refused);
  if (payment.providerStatus === null) return null;
  return { payment_id: payment.id, client_secret: payment.clientSecret, status: payment.providerStatus };
}

/**
 * Why the PSP refused to make the payment, as it did when it was asked first; null where it made one, or is still asked. A
 * payment that was ended before it was made has no class of decline.
 */
function refusalOf(payment: InvoicePayment | CardSetup): string | null {
  if (!('declineClass' in payment)) return payment.providerStatus === 'refused' ? REFUSED : null;
  const { status, providerStatus, declineClass, errorMessage } = payment;
  const isRefused = status === 'failed' && providerStatus === null && declineClass !== null;
  return isRefused ? (errorMessage ?? REFUSED) : null;
}

const REFUSED = 'The payment provider refused to make the payment.';
