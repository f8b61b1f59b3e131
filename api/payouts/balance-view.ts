import { z } from '@hono/zod-openapi';
import type { BalanceRow } from '../../db/payouts/balances.ts';
import { AmountMinor, Currency } from '../kernel/index.ts';

export const Balance = z
  .object({
    currency: Currency,
    pending: AmountMinor.openapi({ description: 'Sold, and not yet sent to your account' }),
    rest: AmountMinor.openapi({
      description:
        'Of what is pending: less than can be sent in this currency; your next transfer takes it along',
    }),
    available: AmountMinor.openapi({ description: 'On your account, to be paid out' }),
    paying_out: AmountMinor.openapi({ description: 'On its way to your bank' }),
    owed: AmountMinor.openapi({
      description: 'Refunded beyond what was available; taken from what comes next',
    }),
    fees_owed: AmountMinor.openapi({ description: 'Platform fees of refunds that you still owe' }),
  })
  .openapi('Balance');

export const showBalance = (row: BalanceRow): z.infer<typeof Balance> => ({
  currency: row.currency,
  pending: row.pendingMinor,
  rest: row.restMinor,
  available: row.availableMinor,
  paying_out: row.payingOutMinor,
  owed: row.owedMinor,
  fees_owed: row.feesOwedMinor,
});
