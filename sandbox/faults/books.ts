import type { DatabaseWithSql } from '../database.ts';
import type { HyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import type { StripeSandbox } from '../../stand-ins/stripe/index.ts';
import { type GoneAndHeld, readListed } from './held.ts';
import { compareInvoices, readInvoices } from './invoices.ts';
import { CAPTURED, isOpen, OVER, type Payment } from './payments.ts';

export interface Books {
  readonly database: Pick<DatabaseWithSql, 'sql'>;
  readonly psp: Pick<HyperswitchSandbox, 'control'>;
  readonly stripe: Pick<StripeSandbox, 'control'>;
}

export interface Compared {
  readonly orders: number;
  readonly payments: number;
  readonly refunds: number;
  readonly transfers: number;
  readonly reversals: number;
  readonly payouts: number;
  readonly disputes: number;
  readonly invoices: number;
  /** Attempts to pay them. */
  readonly attempts: number;
  /** How many rows stand where: `order completed`, `refund succeeded`, … */
  readonly statuses: Readonly<Record<string, number>>;
  /** One line each: the row, and what the two sides say. */
  readonly differences: readonly string[];
}

interface OrderRow {
  readonly id: string;
  readonly status: string;
  readonly captured: number | null;
  readonly refunded: number;
  /** Its time was over before anybody paid; the sweep finds a payment that still comes. */
  readonly is_expired: boolean;
  /** It failed before its payment came, or for the payment's amount: whatever comes is not its own. */
  readonly has_failed: boolean;
}
interface Row {
  readonly id: string;
  readonly order_id: string;
  readonly status: string;
  readonly amount: number;
  readonly provider_id: string | null;
}

/**
 * Compares every order, invoice, attempt, refund, transfer, reversal and payout with the books of the providers' stand-ins, from both
 * sides. It reads their memory, not through any code of ours that is under test. All work has to be at rest.
 */
export async function compareBooks(books: Books): Promise<Compared> {
  const { sql } = books.database;
  const orders = await sql<OrderRow[]>`
    SELECT id, status, captured_minor::int AS captured, refunded_minor::int AS refunded,
      coalesce(failure_reason = 'expired', false) AS is_expired, failure_reason IS NOT NULL AS has_failed FROM orders`;
  const refunds = await sql<Row[]>`
    SELECT id, coalesce(order_id, invoice_id) AS order_id, status, amount_minor::int AS amount,
      hyperswitch_refund_id AS provider_id FROM refunds WHERE kind <> 'dispute'`;
  const disputes = await readDisputes(books);
  const transfers = await sql<Row[]>`
    SELECT id, order_id, status, amount_minor::int AS amount, stripe_transfer_id AS provider_id FROM seller_transfers`;
  const reversals = await sql<Row[]>`
    SELECT r.id, t.order_id, r.status, (r.amount_minor - r.covered_minor)::int AS amount, r.stripe_reversal_id AS provider_id
    FROM transfer_reversals r JOIN seller_transfers t ON t.id = r.transfer_id`;
  const payouts = await sql<Row[]>`
    SELECT id, '' AS order_id, status, amount_minor::int AS amount, external_payout_id AS provider_id FROM seller_payouts`;
  const invoices = await readInvoices(books.database);
  const listed = await readListed(books.database);
  const payments = books.psp.control.payments();
  const pspRefunds = books.psp.control.refunds();
  const pspDisputes = books.psp.control.disputes();
  const given = givenBack(pspRefunds, pspDisputes, disputes);
  const ofInvoices = new Set([...invoices.attempts.map(({ id }) => id), ...invoices.setups]);
  const differences = [
    ...compareOrders(
      orders,
      payments.filter(({ payment_id: id }) => !ofInvoices.has(id)),
      { given, listed },
    ),
    ...compareInvoices(invoices, payments, { given, listed }),
    ...compareDisputes(disputes, pspDisputes),
    ...compareObjects('refund', refunds, 'succeeded', pspRefunds.filter(isSettled).map(asRefund)),
    ...compareObjects('transfer', transfers, null, books.stripe.control.transfers().map(asObject)),
    ...compareObjects('reversal', reversals, 'reversed', books.stripe.control.reversals().map(asObject)),
    ...compareObjects('payout', payouts, null, books.stripe.control.payouts().map(asObject)),
    ...comparePayouts(payouts, books.stripe.control.payouts()),
    ...pspRefunds
      .filter(({ status }) => status === 'pending' || status === 'review')
      .flatMap(stillOpen(refunds)),
  ];
  const statuses: Record<string, number> = {};
  const count = (what: string, rows: readonly { readonly status: string }[]) => {
    for (const { status } of rows) {
      statuses[`${what} ${status}`] = (statuses[`${what} ${status}`] ?? 0) + 1;
    }
  };
  count('order', orders);
  count('refund', refunds);
  count('transfer', transfers);
  count('reversal', reversals);
  count('payout', payouts);
  count('dispute', disputes);
  count('subscription', invoices.subscriptions);
  count('invoice', invoices.invoices);
  count('attempt', invoices.attempts);
  return {
    orders: orders.length,
    payments: payments.length,
    refunds: refunds.length,
    transfers: transfers.length,
    reversals: reversals.length,
    payouts: payouts.length,
    disputes: disputes.length,
    invoices: invoices.invoices.length,
    attempts: invoices.attempts.length,
    statuses,
    differences,
  };
}

type PspDispute = ReturnType<HyperswitchSandbox['control']['disputes']>[number];
type PspRefund = ReturnType<HyperswitchSandbox['control']['refunds']>[number];

/** What went back of each payment, by refunds and lost disputes. */
function givenBack(
  pspRefunds: readonly PspRefund[],
  pspDisputes: readonly PspDispute[],
  disputes: readonly DisputeRow[],
): ReadonlyMap<string, number> {
  const given = new Map<string, number>();
  for (const { payment_id: paymentId, amount } of pspRefunds.filter(isSettled)) {
    given.set(paymentId, (given.get(paymentId) ?? 0) + amount);
  }
  for (const { payment_id: paymentId, amount } of pspDisputes.filter(isLost)) {
    given.set(paymentId, (given.get(paymentId) ?? 0) + Number(amount));
  }
  // What an earlier stage took stays gone while a later one is open; compareDisputes sees to the rest.
  const reopened = new Set(pspDisputes.filter(isUndecided).map(({ dispute_id: id }) => id));
  for (const { payment_id: paymentId, took } of disputes.filter(({ id }) => reopened.has(id))) {
    given.set(paymentId, (given.get(paymentId) ?? 0) + took);
  }
  return given;
}

function compareOrders(
  orders: readonly OrderRow[],
  payments: readonly Payment[],
  { given, listed }: GoneAndHeld,
): string[] {
  const theirs = new Map(payments.map((payment) => [payment.payment_id, payment]));
  const differences = orders.flatMap((order) => {
    const payment = theirs.get(order.id);
    theirs.delete(order.id);
    const back = given.get(order.id) ?? 0;
    const expected = expectedOf(payment, back, { order, isListed: listed.has(order.id) });
    const said = `${order.status}, captured ${order.captured ?? 0}, given back ${order.refunded}`;
    const isSame =
      order.status === expected.status &&
      (order.captured ?? 0) === expected.captured &&
      order.refunded === back;
    if (isSame) return [];
    const wanted = `${expected.status}, captured ${expected.captured}, given back ${back}`;
    return [
      `order/${order.id}: it is ${said}; the PSP's payment is ${payment?.status ?? 'not there'}, so: ${wanted}`,
    ];
  });
  return [
    ...differences,
    ...[...theirs.keys()].map(
      (id) => `order/${id}: the PSP has its payment, we have no order and no attempt`,
    ),
  ];
}

/** The expected state of an order, by the PSP's books, by whether it had failed or expired, and by what is listed as held. */
function expectedOf(
  payment: Payment | undefined,
  back: number,
  { order, isListed }: { readonly order: OrderRow; readonly isListed: boolean },
) {
  if (payment === undefined || isOpen(payment)) {
    return { status: order.is_expired ? 'failed' : 'pending', captured: 0 };
  }
  if (OVER.has(payment.status)) return { status: 'failed', captured: 0 };
  if (!CAPTURED.has(payment.status)) return { status: `unknown here (${payment.status})`, captured: 0 };
  const captured = payment.amount_received ?? payment.amount;
  if (back === captured) return { status: 'refunded', captured };
  const isTaken = captured === payment.amount && !order.has_failed;
  // Money that an order cannot take is never kept: until all of it has gone back, it is listed.
  if (!isTaken && !isListed) return { status: 'failed and listed as held', captured };
  if (back > 0) return { status: 'partially_refunded', captured };
  return { status: isTaken ? 'completed' : 'failed', captured };
}

interface ProviderObject {
  readonly id: string;
  readonly amount: number;
}

/**
 * Compares our rows that claim an object with the provider's objects, one to one. `happened` null: a row claims one
 * if it has the provider's id.
 */
function compareObjects(
  what: string,
  rows: readonly Row[],
  happened: string | null,
  objects: readonly ProviderObject[],
): string[] {
  const theirs = new Map(objects.map((object) => [object.id, object]));
  const differences = rows.flatMap((row) => {
    const object = theirs.get(row.provider_id ?? row.id);
    const isDone = happened === null ? row.provider_id !== null : row.status === happened;
    if (isDone) theirs.delete(row.provider_id ?? row.id);
    if (isDone && object?.amount === row.amount) return [];
    if (!isDone && object === undefined) return [];
    const said = object === undefined ? 'nothing' : `${object.id} of ${object.amount}`;
    return [
      `${what}/${row.id} (order/${row.order_id}): it is ${row.status} of ${row.amount}; the provider has ${said}`,
    ];
  });
  // Rows that claim an object without saying that it happened are reported above.
  const claimed = new Set(rows.map((row) => row.provider_id ?? row.id));
  const strangers = [...theirs.values()].filter(({ id }) => !claimed.has(id));
  return [
    ...differences,
    ...strangers.map(({ id, amount }) => `${what}: the provider has ${id} of ${amount}, we have no row`),
  ];
}

/** Payouts that are pending here and ended at Stripe: their webhook was lost, or is under way. */
export async function payoutsToHearOf(books: Books): Promise<readonly string[]> {
  const rows = await books.database.sql<{ id: string; provider_id: string }[]>`
    SELECT id, external_payout_id AS provider_id FROM seller_payouts
    WHERE status = 'pending' AND external_payout_id IS NOT NULL`;
  const ended = books.stripe.control.payouts().filter(({ status }) => !UNDERWAY.includes(status));
  const ids = new Set(ended.map(({ id }) => id));
  return rows.filter(({ provider_id: id }) => ids.has(id)).map(({ id }) => id);
}

const UNDERWAY: readonly string[] = ['pending', 'in_transit'];

function comparePayouts(
  rows: readonly Row[],
  payouts: readonly { readonly id: string; readonly status: string }[],
): string[] {
  const theirs = new Map(payouts.map(({ id, status }) => [id, status]));
  return rows.flatMap(({ id, status, provider_id: providerId }) => {
    const word = theirs.get(providerId ?? '');
    if (word === undefined || status === word || (status === 'pending' && UNDERWAY.includes(word))) return [];
    return [`payout/${id}: it is ${status}; Stripe says ${word}`];
  });
}

/** Both sides must agree whether the dispute is over. */
const stillOpen =
  (refunds: readonly Row[]) =>
  ({ refund_id: id, status }: PspRefund): string[] => {
    const row = refunds.find((refund) => (refund.provider_id ?? refund.id) === id);
    return row?.status === 'pending'
      ? []
      : [`refund/${row?.id ?? id}: it is ${row?.status ?? 'no row of ours'}; the PSP says ${status}`];
  };

const isSettled = ({ status }: PspRefund) => status === 'succeeded';
const asRefund = ({ refund_id: id, amount }: PspRefund): ProviderObject => ({ id, amount });
const asObject = ({ id, amount }: ProviderObject): ProviderObject => ({ id, amount });

interface DisputeRow {
  readonly id: string;
  readonly of: string;
  readonly payment_id: string;
  readonly status: string;
  readonly stage: string;
  readonly amount: number;
  /** How much of it stands as lost. */
  readonly took: number;
}

export const readDisputes = ({ database: { sql } }: Pick<Books, 'database'>) => sql<DisputeRow[]>`
  SELECT provider_dispute_id AS id, coalesce('order/' || order_id, 'invoice/' || invoice_id) AS of,
    coalesce(payment_id, order_id::text, (SELECT hyperswitch_payment_id FROM invoices WHERE id = invoice_id)) AS payment_id, status, stage, amount_minor::int AS amount,
    (SELECT coalesce(sum(amount_minor), 0)::int FROM refunds WHERE dispute_id = disputes.id AND status = 'succeeded') AS took
  FROM disputes`;

/** By the latest report: open, lost or given up. */
const wordOf = ({ dispute_status: word }: PspDispute): string =>
  ({ opened: 'open', challenged: 'open', expired: 'open', accepted: 'lost' })[
    word.slice('dispute_'.length)
  ] ?? word.slice('dispute_'.length);
const isLost = (dispute: PspDispute) => wordOf(dispute) === 'lost';
const isUndecided = (dispute: PspDispute) => wordOf(dispute) === 'open';

/** Compares each dispute with the PSP's latest status, regardless of earlier reports and lost webhooks. */
export function compareDisputes(rows: readonly DisputeRow[], disputes: readonly PspDispute[]): string[] {
  const ours = new Map(rows.map((row) => [row.id, row]));
  return disputes.flatMap((dispute) => {
    const row = ours.get(dispute.dispute_id);
    const amount = Number(dispute.amount);
    const said = `the PSP says ${dispute.dispute_status} of ${amount} at ${dispute.dispute_stage}`;
    if (row === undefined) return [`dispute ${dispute.dispute_id}: ${said}, we have no row`];
    const word = wordOf(dispute);
    // What an earlier stage took stays gone while a later one is open.
    const isBooked = word === 'open' || row.took === (word === 'lost' ? amount : 0);
    const isSame = row.status === word && row.stage === dispute.dispute_stage && row.amount === amount;
    return isSame && isBooked
      ? []
      : [
          `dispute ${row.id} (${row.of}): it is ${row.status} of ${row.amount} at ${row.stage}, ${row.took} of it lost; ${said}`,
        ];
  });
}
