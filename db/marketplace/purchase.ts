import { eq, sql, type SQL } from 'drizzle-orm';
import { type ErrorCode, VezaError } from '../../domain/errors.ts';
import type { RefundAsk, RefundDecision } from '../../domain/marketplace/eligibility.ts';
import type { PaymentReport } from '../../domain/marketplace/messages.ts';
import { PURCHASE_KINDS, type PurchaseKind, type PurchaseRef } from '../../domain/marketplace/purchase.ts';
import type { Db, Tx } from '../client.ts';
import { MissingRow, type TransitionCause } from '../kernel/index.ts';
import type { Dispute, disputes } from './disputes/schema.ts';
import type { GiveBackWork, SettledRefund, TransferWork } from './labels.ts';
import { type Refund, refunds } from './refunds/schema.ts';

/**
 * What somebody paid for, under its lock: all that its refunds and disputes need of it. Its figures are as they were when
 * it was locked; lock it again to read them after a change. Amounts in minor units.
 */
export interface Purchase extends PurchaseRef {
  /** As people read it, at the beginning of a sentence: "Order 0192…". */
  readonly title: string;
  /** The workflow that knows of it: flags about its money are raised there. */
  readonly workflowId: string;
  readonly status: string;
  readonly currency: string;
  /** What the PSP took for it; null where no capture is known. */
  readonly capturedMinor: number | null;
  readonly capturedCurrency: string | null;
  /** What of that is settled as given back. */
  readonly refundedMinor: number;
  /** What was captured is held for its payer and not earned: it goes back whole, without shares. */
  readonly isSuspended: boolean;
  /** It ended without money that we know of: of money that left, the PSP is asked first what had come. */
  readonly isUnpaid: boolean;
  readonly hasOpenRefund: boolean;

  /** Who may refund how much of it, and whose shares that is. Changes nothing. */
  decideRefund(tx: Tx, ask: RefundAsk): Promise<RefundDecision>;
  /** A refund of it is `pending`, with its allocations. */
  refundOpened(tx: Tx): Promise<void>;
  /** The open refund failed, or its asking ended: it is where it was before. */
  refundFailed(tx: Tx): Promise<void>;
  /** Takes shares for a refund that nobody asked us for, and says how much is beyond its money. */
  hold(tx: Tx, refund: Refund): Promise<number>;
  /** It has money again that its open refund had to give up: that refund holds shares of it as before. */
  holdAgain(tx: Tx): Promise<void>;
  /**
   * How much of a refund that succeeds now is beyond its money. Takes the shares anew where the refund does not hold them
   * as they were `done`: it had failed, or the PSP gave back another amount.
   */
  excessOf(tx: Tx, refund: Refund, done: Refund): Promise<number>;
  /** All that a refund's success changes: ledger, shares, what was bought. The refund is `succeeded`, with its excess. */
  settle(tx: Tx, refund: Refund): Promise<SettledRefund>;
  /** The money of a succeeded refund is here again. Says which transfers go out by that. Throws NotReturnable. */
  bringBack(
    tx: Tx,
    refund: Refund,
    by: Exclude<TransitionCause, 'automation'>,
  ): Promise<readonly TransferWork[]>;
  /**
   * Money that it cannot take had come, and `gone` of it has left already: it is held for its payer, and the rest is given
   * back. Null where it came in another currency than it left.
   */
  takeLate(
    tx: Tx,
    payment: PaymentReport,
    gone: { readonly amountMinor: number; readonly currency: string },
  ): Promise<{ readonly purchase: Purchase; readonly work: GiveBackWork | null } | null>;
  /** The PSP cancelled its payment after the capture. Null where nothing was left to give back. */
  settleCancelled(tx: Tx): Promise<SettledRefund | null>;
  /** A dispute of it stands as its row says, however often. Says which transfers look again. */
  disputeSettled(tx: Tx, dispute: Dispute): Promise<readonly TransferWork[]>;
}

/** Where one kind of purchase is kept. Its subject implements it; `db/purchases.ts` lists all of them. */
export interface PurchaseStore {
  /** Said of an id that is none. */
  readonly notFound: ErrorCode;
  /** Locks it until the transaction ends. Throws MissingRow. */
  lock(tx: Tx, id: string): Promise<Purchase>;
  /** The id of its payment at the PSP, as a scalar subquery: who reads a refund needs no statement for it. */
  paymentId(id: SQL): SQL<string | null>;
}

/** The stores of a process, as its root hands them down. */
export type Purchases = Readonly<Partial<Record<PurchaseKind, PurchaseStore>>>;

interface Columns {
  readonly orderId: string | null;
  readonly invoiceId: string | null;
}

/** What a refund or a dispute is of; the database holds each row to exactly one. */
export function purchaseOf({ orderId, invoiceId }: Columns): PurchaseRef {
  if (orderId !== null) return { kind: 'order', id: orderId };
  if (invoiceId !== null) return { kind: 'invoice', id: invoiceId };
  throw new Error('a refund or a dispute is of nothing');
}

/** For a new row of it. */
export const columnsOf = ({ kind, id }: PurchaseRef): Columns => ({
  orderId: kind === 'order' ? id : null,
  invoiceId: kind === 'invoice' ? id : null,
});

/** Whether a row of refunds or disputes is of it. */
export const isOf = (table: typeof refunds | typeof disputes, { kind, id }: PurchaseRef): SQL =>
  eq(kind === 'order' ? table.orderId : table.invoiceId, id);

/** Locks it by the store of its kind. Throws MissingRow. */
export async function lockPurchase(
  tx: Tx,
  { kind, id }: PurchaseRef,
  purchases: Purchases,
): Promise<Purchase> {
  const store = purchases[kind];
  if (store === undefined) throw new Error(`this process has no store for the purchase ${kind} ${id}`);
  return store.lock(tx, id);
}

/** The same for one that somebody names: what is not there is their mistake. Throws `…_not_found`. */
export async function lockNamedPurchase(tx: Tx, of: PurchaseRef, purchases: Purchases): Promise<Purchase> {
  try {
    return await lockPurchase(tx, of, purchases);
  } catch (error) {
    if (!(error instanceof MissingRow) || error.id !== of.id) throw error;
    throw new VezaError(purchases[of.kind]!.notFound, `There is no ${of.kind} ${of.id}.`);
  }
}

/** The PSP's id of the payment behind a row of refunds, in the statement that reads the row. */
export function paymentIdOf(purchases: Purchases): SQL<string | null> {
  const columns = { order: sql`refunds.order_id`, invoice: sql`refunds.invoice_id` };
  const found = PURCHASE_KINDS.flatMap((kind) => purchases[kind]?.paymentId(columns[kind]) ?? []);
  return sql<string | null>`coalesce(${sql.join(found, sql`, `)})`;
}

/** A refund, and the PSP's id of the payment that it gives back. */
export async function readRefundWithPayment(db: Db | Tx, refundId: string, purchases: Purchases) {
  const [row] = await db
    .select({ refund: refunds, paymentId: paymentIdOf(purchases) })
    .from(refunds)
    .where(eq(refunds.id, refundId));
  return row ?? null;
}
