import { z } from '@hono/zod-openapi';
import type { ChangeRow } from '../../db/subscriptions/read/payments.ts';
import { CHANGE_STATUSES } from '../../domain/subscriptions/change-machine.ts';
import { AmountMinor, Currency, Id, Time, time } from '../kernel/index.ts';
import { BillingCycle } from './plan-view.ts';

export const SubscriptionChange = z
  .object({
    id: Id,
    status: z.enum(CHANGE_STATUSES),
    plan_id: z.string(),
    billing_cycle: BillingCycle,
    amount: AmountMinor.openapi({
      description: 'The new price of a period, in the minor unit of `currency`',
    }),
    currency: Currency,
    quoted_at: Time,
    created_at: Time,
  })
  .openapi('SubscriptionChange');

export const showChange = (row: ChangeRow): z.infer<typeof SubscriptionChange> => ({
  id: row.id,
  status: row.status,
  plan_id: row.price.planId,
  billing_cycle: row.price.billingCycle,
  amount: row.price.amountMinor,
  currency: row.price.currency,
  quoted_at: time(row.quotedAt),
  created_at: time(row.createdAt),
});
