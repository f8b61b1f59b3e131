import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import { type ErrorCode, VezaError } from '../../domain/errors.ts';
import type { RefundAsk, RefundDecision } from '../../domain/marketplace/eligibility.ts';
import type { PaymentReport } from '../../domain/marketplace/messages.ts';
import {
  type PaymentRef,
  PURCHASE_KINDS,
  type PurchaseKind,
  type PurchaseRef,
} from '../../domain/marketplace/purchase.ts';
import type { Db, Tx } from '../client.ts';
import { MissingRow, type TransitionCause } from '../kernel/index.ts';
import type { Dispute, disputes } from './disputes/schema.ts';
import type { GiveBackWork, SettledRefund, TransferWork } from './labels.ts';
import { type Refund, refunds } from './refunds/schema.ts';

/**
 * A locked purchase, by one of its payments: all that refunds and disputes of that payment need of it. Its figures are
 * that payment's, and of the time of the lock; lock it again to read them after a change. Amounts in minor units.
 */
export interface Purchase extends PaymentRef {
  /** Null: the payment that the purchase took, also where the lock named it. */
  readonly paymentId: string | null;
  /** Its name for people, at the beginning of a sentence: "Order 0192…". */
  readonly title: string;
  /** Its workflow's id: flags about its money name that. */
  readonly workflowId: string;
  readonly status: string;
  readonly currency: string;
  /** The captured amount; null where no capture is known. */
  readonly capturedMinor: number | null;
  readonly capturedCurrency: string | null;
  /** The refunded part of it. */
  readonly refundedMinor: number;
  /**
   * Whether the captured money is held for its payer and not earned: it goes back whole, without shares, and no status
   * but the refund's own moves with it, unless it is the purchase's only payment.
   */
  readonly isSuspended: boolean;
  /**
   * Whether it ended without money that we know of: before booking a refund, the PSP is asked what had been captured.
   */
  readonly isUnpaid: boolean;
  readonly hasOpenRefund: boolean;

  /** Decides who may refund how much of it, and whose shares that is. Changes nothing. */
  decideRefund(tx: Tx, ask: RefundAsk): Promise<RefundDecision>;
  /** Called when a refund of it is `pending`, with its allocations. */
  refundOpened(tx: Tx, refund: Refund): Promise<void>;
  /** Called when the open refund failed, or its asking stopped: the purchase goes back to its status before. */
  refundFailed(tx: Tx, refund: Refund): Promise<void>;
  /** Takes the shares for a refund that was not asked of us, and returns how much is beyond the purchase's money. */
  hold(tx: Tx, refund: Refund): Promise<number>;
  /** The purchase has money again that its open refund had to give up: the refund holds its shares again. */
  holdAgain(tx: Tx): Promise<void>;
  /**
   * How much of a refund that succeeds now is beyond the purchase's money. Takes the shares anew where the refund
   * does not hold those of `done`: it had failed, or the PSP gave back another amount.
   */
  excessOf(tx: Tx, refund: Refund, done: Refund): Promise<number>;
  /**
   * Books all that a refund's success changes: ledger, shares, licences. The refund is `succeeded`, with its excess.
   */
  settle(tx: Tx, refund: Refund): Promise<SettledRefund>;
  /** The money of a succeeded refund is back. Returns the transfers that go out for it. Throws NotReturnable. */
  bringBack(
    tx: Tx,
    refund: Refund,
    by: Exclude<TransitionCause, 'automation'>,
  ): Promise<readonly TransferWork[]>;
  /**
   * Money came that the purchase cannot take, and `gone` of it has left already: holds it for its payer and gives
   * back the rest. Null where it came and left in different currencies.
   */
  takeLate(
    tx: Tx,
    payment: PaymentReport,
    gone: { readonly amountMinor: number; readonly currency: string },
  ): Promise<{ readonly purchase: Purchase; readonly work: GiveBackWork | null } | null>;
  /** The PSP cancelled the payment after its capture. Null where nothing was left to give back. */
  settleCancelled(tx: Tx): Promise<SettledRefund | null>;
  /** Applies a dispute's status; repeatable. Returns the transfers that have to look again. */
  disputeSettled(tx: Tx, dispute: Dispute): Promise<readonly TransferWork[]>;
}

/** The store of one kind of purchase. Its subject implements it; `db/purchases.ts` lists them all. */
export interface PurchaseStore {
  /** The error for an unknown id. */
  readonly notFound: ErrorCode;
  /**
   * Locks it until the transaction ends, by the payment with this id at the PSP; null: by the one that it took. Throws
   * MissingRow.
   */
  lock(tx: Tx, id: string, paymentId: string | null): Promise<Purchase>;
  /**
   * The PSP's id of the payment that it took, as a scalar subquery, so that reading a refund needs no second statement.
   */
  paymentId(id: SQL): SQL<string | null>;
  /** The user who paid, as a scalar subquery. */
  payerId(id: SQL): SQL<string | null>;
}

/** The stores of a process, as its root hands them down. */
export type Purchases = Readonly<Partial<Record<PurchaseKind, PurchaseStore>>>;

interface Columns {
  readonly orderId: string | null;
  readonly invoiceId: string | null;
}

interface PaymentColumns extends Columns {
  readonly paymentId: string | null;
}

/** The purchase of a refund or a dispute; the database ensures that each row has exactly one. */
export function purchaseOf({ orderId, invoiceId }: Columns): PurchaseRef {
  if (orderId !== null) return { kind: 'order', id: orderId };
  if (invoiceId !== null) return { kind: 'invoice', id: invoiceId };
  throw new Error('a refund or a dispute is of nothing');
}

/** The same, with the payment. */
export const paymentOf = (row: PaymentColumns): PaymentRef => ({
  ...purchaseOf(row),
  paymentId: row.paymentId,
});

/** For a new row of it. */
export const columnsOf = ({ kind, id, paymentId }: Purchase): PaymentColumns => ({
  orderId: kind === 'order' ? id : null,
  invoiceId: kind === 'invoice' ? id : null,
  paymentId,
});

/** Selects the refunds or disputes of a purchase, whichever of its payments they are of. */
export const isOf = (table: typeof refunds | typeof disputes, { kind, id }: PurchaseRef): SQL =>
  eq(kind === 'order' ? table.orderId : table.invoiceId, id);

/** Selects those of one of its payments. */
export const isOfPayment = (
  table: typeof refunds | typeof disputes,
  { paymentId = null, ...of }: PaymentRef,
): SQL | undefined =>
  and(isOf(table, of), paymentId === null ? isNull(table.paymentId) : eq(table.paymentId, paymentId));

/** Locks a purchase by the store of its kind. Throws MissingRow. */
export async function lockPurchase(
  tx: Tx,
  { kind, id, paymentId = null }: PaymentRef,
  purchases: Purchases,
): Promise<Purchase> {
  const store = purchases[kind];
  if (store === undefined) throw new Error(`this process has no store for the purchase ${kind} ${id}`);
  return store.lock(tx, id, paymentId);
}

/** The same for a purchase that somebody names: a missing one is their mistake. Throws `…_not_found`. */
export async function lockNamedPurchase(tx: Tx, of: PurchaseRef, purchases: Purchases): Promise<Purchase> {
  try {
    return await lockPurchase(tx, of, purchases);
  } catch (error) {
    if (!(error instanceof MissingRow) || error.id !== of.id) throw error;
    throw new VezaError(purchases[of.kind]!.notFound, `There is no ${of.kind} ${of.id}.`);
  }
}

/** The PSP's id of the payment behind a row of refunds, in the statement that reads the row. */
export const paymentIdOf = (purchases: Purchases) => behind(sql`refunds`, purchases);

/** The same for a row of disputes. */
export const disputedPaymentOf = (purchases: Purchases) => behind(sql`disputes`, purchases);

function behind(table: SQL, purchases: Purchases): SQL<string | null> {
  const columns = { order: sql`${table}.order_id`, invoice: sql`${table}.invoice_id` };
  const found = PURCHASE_KINDS.flatMap((kind) => purchases[kind]?.paymentId(columns[kind]) ?? []);
  return sql<string | null>`coalesce(${table}.payment_id, ${sql.join(found, sql`, `)})`;
}

/** The user who paid for a purchase; null where there is none, or no store of its kind. */
export async function readPayer(
  db: Db | Tx,
  { kind, id }: PurchaseRef,
  purchases: Purchases,
): Promise<string | null> {
  const payerId = purchases[kind]?.payerId(sql`${id}::uuid`);
  if (payerId === undefined) return null;
  const [row] = await db.execute<{ payer_id: string | null }>(sql`SELECT ${payerId} AS payer_id`);
  return row?.payer_id ?? null;
}

/** A refund, and the PSP's id of the payment that it gives back. */
export async function readRefundWithPayment(db: Db | Tx, refundId: string, purchases: Purchases) {
  const [row] = await db
    .select({ refund: refunds, paymentId: paymentIdOf(purchases) })
    .from(refunds)
    .where(eq(refunds.id, refundId));
  return row ?? null;
}
