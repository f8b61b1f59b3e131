import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { readAttempt, readCardSetup } from '../../db/subscriptions/read/payments.ts';
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
  if (payment === null || payment.providerStatus === null) return null;
  return { payment_id: payment.id, client_secret: payment.clientSecret, status: payment.providerStatus };
}
