import { z } from '@hono/zod-openapi';
import type { LicenseRow, OrderRow } from '../../db/marketplace/orders/list.ts';
import { ORDER_STATUSES } from '../../domain/marketplace/order-machine.ts';
import type { Caller } from '../../domain/accounts/index.ts';
import { AmountMinor, Currency, Id, orNull, Time, time, timeOrNull } from '../kernel/index.ts';

export const Payment = z
  .object({
    payment_id: z.string(),
    client_secret: z
      .string()
      .nullable()
      .openapi({ description: "For the buyer's browser; null for all others" }),
    status: z
      .string()
      .openapi({ description: "The payment provider's last word", example: 'requires_payment_method' }),
  })
  .openapi('Payment');

export const Order = z
  .object({
    id: Id,
    status: z.enum(ORDER_STATUSES),
    amount: AmountMinor,
    refunded_amount: AmountMinor,
    currency: Currency,
    items: z.array(z.object({ id: Id, product_id: Id, seller_id: Id, amount: AmountMinor })),
    payment_id: z.string().nullable(),
    failure_reason: z.string().nullable(),
    refund_deadline: Time.nullable(),
    completed_at: Time.nullable(),
    created_at: Time,
  })
  .openapi('Order');

const License = z
  .object({ id: Id, order_item_id: Id, product_id: Id, revoked_at: Time.nullable(), created_at: Time })
  .openapi('License');

/** One order as `GET` shows it: with its payment and licences. */
export const OrderInFull = Order.extend({
  payment: orNull(Payment).openapi({ description: 'Null while the payment provider has not answered' }),
  licenses: z.array(License),
}).openapi('OrderInFull');

export const showOrder = (row: OrderRow): z.infer<typeof Order> => ({
  id: row.id,
  status: row.status,
  amount: row.totalMinor,
  refunded_amount: row.refundedMinor,
  currency: row.currency,
  items: row.items.map((item) => ({
    id: item.id,
    product_id: item.productId,
    seller_id: item.sellerId,
    amount: item.amountMinor,
  })),
  payment_id: row.paymentId,
  failure_reason: row.failureReason,
  refund_deadline: timeOrNull(row.refundDeadline),
  completed_at: timeOrNull(row.completedAt),
  created_at: time(row.createdAt),
});

/** The payment as the rows know it; null while the PSP has not answered. */
export function showPayment(row: OrderRow, caller: Caller): z.infer<typeof Payment> | null {
  if (row.paymentId === null || row.paymentStatus === null) return null;
  const isBuyer = row.buyerId === caller.userId;
  return {
    payment_id: row.paymentId,
    client_secret: isBuyer ? row.paymentClientSecret : null,
    status: row.paymentStatus,
  };
}

export const showOrderInFull = (
  row: OrderRow,
  licenses: readonly LicenseRow[],
  caller: Caller,
): z.infer<typeof OrderInFull> => ({
  ...showOrder(row),
  payment: showPayment(row, caller),
  licenses: licenses.map((license) => ({
    id: license.id,
    order_item_id: license.orderItemId,
    product_id: license.productId,
    revoked_at: timeOrNull(license.revokedAt),
    created_at: time(license.createdAt),
  })),
});
