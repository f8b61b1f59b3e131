import type { HyperswitchSandbox } from '../../stand-ins/hyperswitch/index.ts';
import type { DatabaseWithSql } from '../database.ts';
import type { GoneAndHeld } from './held.ts';
import { CAPTURED, isOpen, OVER, type Payment } from './payments.ts';

interface AttemptRow {
  readonly id: string;
  readonly invoice_id: string;
  readonly status: string;
  readonly amount: number;
  readonly received: number | null;
  readonly invoice_status: string;
  readonly subscription_id: string;
}
interface InvoiceRow {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly refunded: number;
  readonly payment_id: string | null;
  readonly number: string | null;
}

export interface InvoiceBooks {
  readonly attempts: readonly AttemptRow[];
  readonly invoices: readonly InvoiceRow[];
  /** Set-up payments: they are at the PSP and move no money. */
  readonly setups: ReadonlySet<string>;
  readonly subscriptions: readonly { readonly status: string }[];
}

export async function readInvoices({ sql }: Pick<DatabaseWithSql, 'sql'>): Promise<InvoiceBooks> {
  const attempts = await sql<AttemptRow[]>`
    SELECT a.id, a.invoice_id, a.status, a.amount_minor::int AS amount, a.received_minor::int AS received,
      i.status AS invoice_status, i.subscription_id
    FROM invoice_payments a JOIN invoices i ON i.id = a.invoice_id`;
  const invoices = await sql<InvoiceRow[]>`
    SELECT id, status, amount_minor::int AS amount, refunded_minor::int AS refunded, hyperswitch_payment_id AS payment_id, number
    FROM invoices`;
  const setups = await sql<{ id: string }[]>`SELECT id FROM card_setups`;
  const subscriptions = await sql<{ status: string }[]>`SELECT status FROM subscriptions`;
  return { attempts, invoices, setups: new Set(setups.map(({ id }) => id)), subscriptions };
}

/**
 * Compares each attempt with its payment at the PSP, and each invoice with what the PSP captured and gave back for it.
 */
export function compareInvoices(
  { attempts, invoices, setups }: InvoiceBooks,
  payments: readonly Payment[],
  { given, listed }: GoneAndHeld,
): string[] {
  const theirs = new Map(payments.map((payment) => [payment.payment_id, payment]));
  const taken = new Map(
    invoices.flatMap((invoice) => (invoice.payment_id === null ? [] : [[invoice.payment_id, invoice]])),
  );
  const ofAttempts = attempts.flatMap((attempt) => {
    const payment = theirs.get(attempt.id);
    const back = given.get(attempt.id) ?? 0;
    const wanted = expectedOf(payment, back, {
      attempt,
      isTaken: taken.has(attempt.id),
      isListed: listed.has(attempt.id),
    });
    const isSame = attempt.status === wanted.status && (attempt.received ?? 0) === wanted.received;
    if (isSame) return [];
    const said = `${attempt.status}, received ${attempt.received ?? 0}, of an invoice that is ${attempt.invoice_status}`;
    return [
      `attempt ${attempt.id} (subscription/${attempt.subscription_id}): it is ${said}; the PSP's payment is ${payment?.status ?? 'not there'}, received ${payment?.amount_received ?? 0}, so: ${wanted.status}, received ${wanted.received}`,
    ];
  });
  const ofInvoices = invoices.flatMap((invoice) => {
    const back = invoice.payment_id === null ? 0 : (given.get(invoice.payment_id) ?? 0);
    const wanted = statusOf(invoice, Math.min(back, invoice.amount));
    const isSame =
      wanted === null || (invoice.status === wanted && invoice.refunded === Math.min(back, invoice.amount));
    return isSame
      ? []
      : [
          `invoice/${invoice.id}: it is ${invoice.status}, given back ${invoice.refunded}; by the PSP it is ${wanted}, given back ${back}`,
        ];
  });
  const ofSetups = payments
    .filter(({ payment_id: id, amount_received: received }) => setups.has(id) && (received ?? 0) !== 0)
    .map(({ payment_id: id }) => `set-up payment ${id}: it moved money`);
  return [...ofAttempts, ...ofInvoices, ...ofSetups];
}

/** Null where nothing was paid: what else is not paid is compared by its attempts. */
function statusOf({ payment_id: paymentId, amount }: InvoiceRow, back: number): string | null {
  if (paymentId === null) return null;
  if (back === 0) return 'paid';
  return back < amount ? 'partially_refunded' : 'refunded';
}

function expectedOf(
  payment: Payment | undefined,
  back: number,
  {
    attempt,
    isTaken,
    isListed,
  }: { readonly attempt: AttemptRow; readonly isTaken: boolean; readonly isListed: boolean },
) {
  if (payment === undefined) return { status: 'failed', received: 0 };
  // It may still be paid: then somebody must still wait for it.
  if (isOpen(payment)) return { status: attempt.invoice_status === 'open' ? 'pending' : 'over', received: 0 };
  if (OVER.has(payment.status)) return { status: 'failed', received: 0 };
  if (!CAPTURED.has(payment.status)) return { status: `unknown here (${payment.status})`, received: 0 };
  const received = payment.amount_received ?? payment.amount;
  if (isTaken) return { status: 'succeeded', received };
  // Money that its invoice cannot take is held until all of it has gone back, and is listed till then.
  if (back >= received) return { status: 'given_back', received };
  return { status: isListed ? 'succeeded' : 'succeeded and listed as held', received };
}

/** Attempts under way whose payment has ended at the PSP: each of those webhooks was lost. */
export async function unheardAttempts(
  { sql }: Pick<DatabaseWithSql, 'sql'>,
  control: HyperswitchSandbox['control'],
): Promise<number> {
  const pending = await sql<{ id: string }[]>`SELECT id FROM invoice_payments WHERE status = 'pending'`;
  return pending.filter(({ id }) => control.hasPayment(id) && !isOpen(control.payment(id))).length;
}
