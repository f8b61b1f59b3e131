import type { Claimable, RowKind } from '../../domain/settlements/index.ts';
import type { Layout, RowAbout } from './layout.ts';

const COVERED: readonly Claimable[] = ['payment', 'refund', 'transfer', 'reversal', 'dispute'];

/**
 * Types of balance transactions, as exports have them. Our sellers' transfers are taken back by reversals
 * (`transfer_refund`, source `trr_…`). A dispute is an adjustment whose source is the dispute: it takes money, and
 * gives it back when it is won. Other adjustments, fees, reserves and the rest have no table to compare with. Source:
 * docs.stripe.com/reports/balance-transaction-types.
 */
const TYPES: Readonly<Record<string, RowKind>> = {
  charge: 'payment',
  payment: 'payment',
  refund: 'refund',
  payment_refund: 'refund',
  refund_failure: 'refund_return',
  transfer: 'transfer',
  transfer_refund: 'reversal',
  transfer_cancel: 'reversal',
  transfer_failure: 'reversal',
  payout: 'payout',
  payout_cancel: 'payout_return',
  payout_failure: 'payout_return',
};

const DISPUTE_ID = /^(dp|du|pdp)_/;

function adjustmentOf({ ref, isNegative }: RowAbout): RowKind | null {
  if (!DISPUTE_ID.test(ref)) return null;
  return isNegative ? 'dispute' : 'dispute_return';
}

/** The reports' categories of those types. Source: docs.stripe.com/reports/reporting-categories. */
const CATEGORIES: Readonly<Record<string, RowKind>> = {
  charge: 'payment',
  refund: 'refund',
  refund_failure: 'refund_return',
  transfer: 'transfer',
  transfer_reversal: 'reversal',
  dispute: 'dispute',
  dispute_reversal: 'dispute_return',
  payout: 'payout',
  payout_reversal: 'payout_return',
};

/**
 * The Dashboard's export of all transactions ("Balance"): id, Type, Source, Amount, Fee, Destination Platform Fee, Net,
 * Currency, Created (UTC), Available On (UTC), Description, Customer Facing Amount, Customer Facing Currency, Transfer,
 * Transfer Date (UTC), Transfer Group, and a column `key (metadata)` for each key that is asked for. Decimals in major
 * units, times in UTC to the minute. Hyperswitch puts the id of its refund, or of the attempt at its payment, into the
 * metadata key `order_id` at Stripe (its router, connectors/stripe/transformers.rs); `transfer_id` and `reversal_id` are
 * ours.
 */
const balanceExport: Layout = {
  name: 'stripe_balance_export',
  provider: 'stripe',
  covers: COVERED,
  delimiter: ',',
  columns: {
    type: 'Type',
    ref: 'Source',
    amount: 'Amount',
    currency: 'Currency',
    at: 'Created (UTC)',
    ourRef: {
      payment: ['order_id (metadata)'],
      refund: ['order_id (metadata)'],
      refund_return: ['order_id (metadata)'],
      transfer: ['transfer_id (metadata)'],
      reversal: ['reversal_id (metadata)'],
    },
    presented: { amount: 'Customer Facing Amount', currency: 'Customer Facing Currency' },
  },
  amounts: 'major',
  decimal: '.',
  signs: 'signed',
  kindOf: (type, _, row) => (type === 'adjustment' ? adjustmentOf(row) : (TYPES[type] ?? null)),
};

/**
 * The Reporting API's `balance_change_from_activity.itemized.*`, `ending_balance_reconciliation.itemized.*` and
 * `payout_reconciliation.itemized.*`; `source_id` is not among their default columns and has to be asked for, and so have
 * `payment_intent_id`, `charge_id` and the metadata. Decimals in major units. Source: docs.stripe.com/reports/report-types/balance.
 */
const balanceReport: Layout = {
  name: 'stripe_balance_report',
  provider: 'stripe',
  covers: COVERED,
  delimiter: ',',
  columns: {
    type: 'reporting_category',
    ref: 'source_id',
    amount: 'gross',
    currency: 'currency',
    at: 'created_utc',
    altRef: ['payment_intent_id', 'charge_id'],
    ourRef: {
      payment: ['payment_metadata[order_id]'],
      refund: ['refund_metadata[order_id]'],
      refund_return: ['refund_metadata[order_id]'],
      dispute: ['payment_metadata[order_id]'],
      dispute_return: ['payment_metadata[order_id]'],
      transfer: ['transfer_metadata[transfer_id]'],
    },
    presented: { amount: 'customer_facing_amount', currency: 'customer_facing_currency' },
  },
  amounts: 'major',
  decimal: '.',
  signs: 'signed',
  kindOf: (category) => CATEGORIES[category] ?? null,
};

/**
 * The Reporting API's `payouts.itemized.*` and, of a connected account, `connected_account_payouts.itemized.*`. It is
 * the file of one account: payouts that it does not name may be in another's. The documentation does not say which
 * sign a payout has.
 */
const payoutsReport: Layout = {
  name: 'stripe_payouts_report',
  provider: 'stripe',
  covers: [],
  delimiter: ',',
  columns: {
    type: 'reporting_category',
    ref: 'payout_id',
    amount: 'gross',
    currency: 'currency',
    at: 'effective_at_utc',
  },
  amounts: 'major',
  decimal: '.',
  signs: 'absolute',
  kindOf: (category) => CATEGORIES[category] ?? null,
};

export const STRIPE_LAYOUTS: readonly Layout[] = [balanceExport, balanceReport, payoutsReport];
