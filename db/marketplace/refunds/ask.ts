import { and, eq, getTableColumns, isNotNull, isNull, ne, or, sql } from 'drizzle-orm';
import type { PurchaseKind } from '../../../domain/marketplace/purchase.ts';
import type { RefundExistsBy } from '../../../domain/marketplace/refund-machine.ts';
import type { Db } from '../../client.ts';
import { type Refund, refunds } from './schema.ts';
import { paymentIdOf, purchaseOf, type Purchases, readRefundWithPayment } from '../purchase.ts';
import { MissingRow } from '../../kernel/index.ts';

/** Ask the PSP. The row says that a call goes out. */
export interface RefundAsk {
  readonly kind: 'ask';
  readonly refund: Refund;
  readonly paymentId: string;
  /** When the last earlier call went out that may have made the refund; null where there is none. */
  readonly mayExistSince: Date | null;
}

export type RefundClaim =
  | RefundAsk
  | { readonly kind: 'no_payment'; readonly of: PurchaseKind }
  /** An operator has stopped the asking. */
  | { readonly kind: 'given_up' }
  /** The refund has ended, or the PSP has it. */
  | { readonly kind: 'not_needed' };

/**
 * Commits that the PSP is about to be asked, before anything is sent. A refund that an operator gave up is never
 * asked for again.
 */
export async function askRefund(db: Db, refundId: string, purchases: Purchases): Promise<RefundClaim> {
  const before = db.$with('before').as(
    db
      .select({
        id: refunds.id,
        since: sql<Date | null>`${refunds.askedAt}`.mapWith(refunds.askedAt).as('since'),
      })
      .from(refunds)
      .where(eq(refunds.id, refundId))
      .for('no key update'),
  );
  const paymentId = paymentIdOf(purchases);
  // One statement, a row's lock included: this is between each refund and its first call to the PSP.
  const [asked] = await db
    .with(before)
    .update(refunds)
    .set({ askedAt: sql`clock_timestamp()` })
    .from(before)
    .where(
      and(
        eq(refunds.id, before.id),
        eq(refunds.status, 'pending'),
        isNull(refunds.hyperswitchRefundId),
        isNull(refunds.givenUpAt),
        isNotNull(paymentId),
      ),
    )
    .returning({
      refund: getTableColumns(refunds),
      paymentId: sql<string>`${paymentId}`,
      mayExistSince: before.since,
    });
  return asked === undefined ? whyNotAsked(db, refundId, purchases) : { kind: 'ask', ...asked };
}

async function whyNotAsked(db: Db, refundId: string, purchases: Purchases): Promise<RefundClaim> {
  const row = await readRefundWithPayment(db, refundId, purchases);
  if (row === null) throw new MissingRow('refund', refundId);
  const { refund, paymentId } = row;
  if (refund.status === 'pending' && refund.hyperswitchRefundId === null) {
    if (refund.givenUpAt !== null) return { kind: 'given_up' };
    if (paymentId === null) return { kind: 'no_payment', of: purchaseOf(refund).kind };
  }
  return { kind: 'not_needed' };
}

/** The call was refused and made nothing: only an earlier call may have made the refund. */
export async function unaskRefund(db: Db, refundId: string, mayExistSince: Date | null): Promise<void> {
  await db.update(refunds).set({ askedAt: mayExistSince }).where(eq(refunds.id, refundId));
}

/** The PSP says that it has the refund, and does not show it. HE_01 says so plainly, and is never overwritten. */
export async function noteExists(db: Db, refundId: string, by: RefundExistsBy): Promise<void> {
  await db
    .update(refunds)
    .set({ existsBy: by })
    .where(and(eq(refunds.id, refundId), or(isNull(refunds.existsBy), ne(refunds.existsBy, 'HE_01'))));
}
