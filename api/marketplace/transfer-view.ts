import { z } from '@hono/zod-openapi';
import type { TransferRow } from '../../db/marketplace/transfers/list.ts';
import { TRANSFER_STATUSES } from '../../domain/marketplace/transfer-machine.ts';
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

export const Transfer = z
  .object({
    id: Id,
    order_id: Id,
    seller_id: Id,
    status: z.enum(TRANSFER_STATUSES),
    amount: AmountMinor,
    reversed_amount: AmountMinor,
    currency: Currency,
    stripe_transfer_id: z.string().nullable(),
    ...attemptFields('transfer'),
    retry_of: Id.nullable().openapi({ description: 'The transfer that this one replaced' }),
    completed_at: Time.nullable(),
    created_at: Time,
  })
  .openapi('Transfer');

export const showTransfer = (row: TransferRow): z.infer<typeof Transfer> => ({
  id: row.id,
  order_id: row.orderId,
  seller_id: row.sellerId,
  status: row.status,
  amount: row.amountMinor,
  reversed_amount: row.reversedMinor,
  currency: row.currency,
  stripe_transfer_id: row.stripeTransferId,
  ...showAttempts(row),
  retry_of: row.retryOf,
  completed_at: timeOrNull(row.completedAt),
  created_at: time(row.createdAt),
});
