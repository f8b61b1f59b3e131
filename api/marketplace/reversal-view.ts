import { z } from '@hono/zod-openapi';
import type { ReversalRow } from '../../db/marketplace/reversals/list.ts';
import { REVERSAL_STATUSES } from '../../domain/marketplace/reversal-machine.ts';
import {
  attemptFields,
  showAttempts,
  AmountMinor,
  Currency,
  Id,
  Time,
  time,
  timeOrNull,
} from '../kernel/index.ts';

export const Reversal = z
  .object({
    id: Id,
    transfer_id: Id,
    refund_id: Id.nullable().openapi({ description: 'Null: a reversal at Stripe that is not ours' }),
    order_id: Id,
    seller_id: Id,
    status: z.enum(REVERSAL_STATUSES),
    amount: AmountMinor,
    covered_amount: AmountMinor.openapi({ description: 'Taken back by reversals that are not ours' }),
    currency: Currency,
    stripe_reversal_id: z.string().nullable(),
    ...attemptFields('reversal'),
    retry_of: Id.nullable().openapi({ description: 'The reversal that this one replaced' }),
    ended_at: Time.nullable(),
    created_at: Time,
  })
  .openapi('Reversal');

export const showReversal = (row: ReversalRow): z.infer<typeof Reversal> => ({
  id: row.id,
  transfer_id: row.transferId,
  refund_id: row.refundId,
  order_id: row.orderId,
  seller_id: row.sellerId,
  status: row.status,
  amount: row.amountMinor,
  covered_amount: row.coveredMinor,
  currency: row.currency,
  stripe_reversal_id: row.stripeReversalId,
  ...showAttempts(row),
  retry_of: row.retryOf,
  ended_at: timeOrNull(row.endedAt),
  created_at: time(row.createdAt),
});
