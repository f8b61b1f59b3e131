import { z } from '@hono/zod-openapi';
import type { PayoutRow } from '../../db/payouts/list.ts';
import { PAYOUT_STATUSES } from '../../domain/payouts/payout-machine.ts';
import type { OpenedPayout } from '../../domain/payouts/messages.ts';
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

/** The answer to a request. */
export const RequestedPayout = z
  .object({
    id: Id,
    seller_id: Id,
    status: z.enum(PAYOUT_STATUSES),
    amount: AmountMinor,
    currency: Currency,
    created_at: Time,
  })
  .openapi('RequestedPayout');

export const Payout = RequestedPayout.extend({
  external_payout_id: z.string().nullable().openapi({ description: 'Stripe’s id, once Stripe has it' }),
  ...attemptFields('payout'),
  paid_at: Time.nullable(),
  failed_at: Time.nullable().openapi({ description: 'Banks may send a paid payout back days later' }),
}).openapi('Payout');

/** The answer of the first call and of each repeat: as the payout was when it was opened. */
export const showOpenedPayout = (opened: OpenedPayout): z.infer<typeof RequestedPayout> => ({
  id: opened.payoutId,
  seller_id: opened.sellerId,
  status: 'pending',
  amount: opened.amountMinor,
  currency: opened.currency,
  created_at: opened.createdAt,
});

export const showPayout = (row: PayoutRow): z.infer<typeof Payout> => ({
  id: row.id,
  seller_id: row.sellerId,
  status: row.status,
  amount: row.amountMinor,
  currency: row.currency,
  external_payout_id: row.externalPayoutId,
  ...showAttempts(row),
  created_at: time(row.createdAt),
  paid_at: timeOrNull(row.paidAt),
  failed_at: timeOrNull(row.failedAt),
});
