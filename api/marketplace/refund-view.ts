import { z } from '@hono/zod-openapi';
import type { Refund as RefundRow } from '../../db/marketplace/refunds/schema.ts';
import { refundKey } from '../../domain/marketplace/ids.ts';
import { REFUND_KINDS, REFUND_STATUSES } from '../../domain/marketplace/refund-machine.ts';
import type { RefundAnswer } from '../../domain/marketplace/messages.ts';
import { AmountMinor, Currency, Id, Time, time, timeOrNull } from '../kernel/index.ts';

const shared = {
  status: z.enum(REFUND_STATUSES),
  amount: AmountMinor,
  currency: Currency,
  reason: z.string().nullable(),
  error_message: z.string().nullable(),
  created_at: Time,
  succeeded_at: Time.nullable(),
  failed_at: Time.nullable(),
};

/** The answer to a request. */
export const RequestedRefund = z.object({ id: Id, order_id: Id, ...shared }).openapi('RequestedRefund');

// Not an extension of the one above: the document would then ask of an invoice's refund that it have an order.
export const Refund = z
  .object({
    id: Id,
    ...shared,
    order_id: Id.nullable().openapi({ description: 'Null where it is of an invoice' }),
    invoice_id: Id.nullable().openapi({ description: 'Null where it is of an order' }),
    kind: z.enum(REFUND_KINDS),
    idempotency_key: z.string().nullable().openapi({
      description: 'Of our call to the PSP, as its log shows it; null where the PSP was not asked',
    }),
  })
  .openapi('Refund');

/** The answer of the first call and of each repeat: as the refund was when it was opened. */
export const showOpenedRefund = (opened: RefundAnswer): z.infer<typeof RequestedRefund> => ({
  id: opened.refundId,
  order_id: opened.orderId,
  status: 'pending',
  amount: opened.amountMinor,
  currency: opened.currency,
  reason: opened.reason,
  error_message: null,
  created_at: opened.createdAt,
  succeeded_at: null,
  failed_at: null,
});

export const showRefund = (row: RefundRow): z.infer<typeof Refund> => ({
  id: row.id,
  order_id: row.orderId,
  invoice_id: row.invoiceId,
  kind: row.kind,
  idempotency_key: refundKey(row),
  status: row.status,
  amount: row.amountMinor,
  currency: row.currency,
  reason: row.reason,
  error_message: row.errorMessage,
  created_at: time(row.createdAt),
  succeeded_at: timeOrNull(row.succeededAt),
  failed_at: timeOrNull(row.failedAt),
});
