import { z } from '@hono/zod-openapi';
import type {
  Balances,
  SellerStatementLine,
  SellerStatementPage,
} from '../../db/payouts/seller-statement.ts';
import type { PostingKind } from '../../domain/postings.ts';
import { NOTHING, type SellerStatementParts, totalMinor } from '../../domain/payouts/seller-statement.ts';
import { AmountMinor, Currency, Id, Time, time } from '../kernel/index.ts';

const PARTS = {
  pending: AmountMinor.openapi({ description: 'Sold, and not yet sent to your account' }),
  available: AmountMinor.openapi({ description: 'On your account, to be paid out' }),
  paying_out: AmountMinor.openapi({ description: 'On its way to your bank' }),
  owed: AmountMinor.openapi({ description: 'What you owe: refunded beyond what was available' }),
  fees_owed: AmountMinor.openapi({ description: 'Platform fees of refunds that you owe' }),
  connected: AmountMinor.openapi({
    description: 'Cash at your Stripe account: it says where money is, not whose it is, and is in no total',
  }),
};

const Balance = z
  .object({
    total: AmountMinor.openapi({ description: 'pending + available + paying_out − owed − fees_owed' }),
    ...PARTS,
  })
  .openapi('StatementBalance');

/** A seller's words for kinds of postings; kinds that are not listed here keep the ledger's word. */
const KINDS: Partial<Record<PostingKind, string>> = {
  order_completed: 'sale',
  transfer_completed: 'transfer',
  refund_succeeded: 'refund',
  reversal_done: 'reversal',
  payout_paid: 'payout',
};

const Line = z
  .object({
    transaction_id: Id.openapi({ description: 'The id of one balanced posting in the ledger' }),
    at: Time,
    kind: z.string().openapi({
      description:
        'sale, refund, transfer, reversal, payout, or another kind of posting by its name in the ledger',
      example: 'sale',
    }),
    currency: Currency,
    amount: AmountMinor.openapi({ description: 'What the buyer paid or got back of your items; else `net`' }),
    fee: AmountMinor.openapi({ description: 'The platform’s fee; negative where it was given back' }),
    net: AmountMinor.openapi({ description: '`amount` − `fee`: by how much `balance.total` changed' }),
    order_id: Id.nullable(),
    refund_id: Id.nullable(),
    transfer_id: Id.nullable(),
    payout_id: Id.nullable(),
    changes: z.object(PARTS).openapi({ description: 'The change of each part of the balance' }),
    balance: Balance.openapi({ description: 'The balance in this currency after this line' }),
  })
  .openapi('StatementLine');

export const SellerStatement = z
  .object({
    from: Time.nullable().openapi({ description: 'Inclusive; null: from the first entry on' }),
    to: Time.openapi({ description: 'Exclusive' }),
    balances: z.array(z.object({ currency: Currency, opening: Balance, closing: Balance })),
    data: z.array(Line),
    next_cursor: z
      .string()
      .nullable()
      .openapi({ description: 'Give it as `cursor` for the next page; null: no more' }),
  })
  .openapi('Statement');

export const showParts = (parts: SellerStatementParts): z.infer<typeof Balance> => ({
  total: totalMinor(parts),
  ...parts,
});

/** Each currency with entries by `to` has a closing balance; without an opening balance it began with nothing. */
export const showBalances = ({ opening, closing }: Pick<SellerStatementPage, 'opening' | 'closing'>) =>
  [...closing].map(([currency, parts]) => ({
    currency,
    opening: showParts(opening.get(currency) ?? NOTHING),
    closing: showParts(parts),
  }));

export function showLine(line: SellerStatementLine): z.infer<typeof Line> {
  const netMinor = totalMinor(line.change);
  return {
    transaction_id: line.transactionId,
    at: time(line.at),
    kind: KINDS[line.kind] ?? line.kind,
    currency: line.currency,
    amount: netMinor + line.feeMinor,
    fee: line.feeMinor,
    net: netMinor,
    order_id: line.orderId,
    refund_id: line.refundId,
    transfer_id: line.transferId,
    payout_id: line.payoutId,
    changes: line.change,
    balance: showParts(line.balance),
  };
}

/** The balances after the last of these lines, by currency. */
export function balancesAfter(before: Balances, lines: readonly SellerStatementLine[]): Balances {
  const after = new Map(before);
  for (const { currency, balance } of lines) after.set(currency, balance);
  return after;
}
