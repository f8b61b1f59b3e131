import { and, eq, type SQL } from 'drizzle-orm';
import { REFUND, type RefundStatus } from '../../../domain/marketplace/refund-machine.ts';
import type { Tx } from '../../client.ts';
import { refunds, type Refund } from './schema.ts';
import { assertTransition, transitionedOrStale, type TransitionCause, writeOne } from '../../kernel/index.ts';

type Changed = Partial<Omit<Refund, 'id' | 'status'>>;
/** A time may be the database's own, which all processes share. */
type Written = Omit<Changed, 'succeededAt'> & { readonly succeededAt?: Date | null | SQL };

/** Changes a refund's status, or its fields in the same status; the only code that writes the status. */
export async function transitionRefund(
  tx: Tx,
  refund: Pick<Refund, 'id' | 'status'>,
  to: RefundStatus,
  set: Changed = {},
  by?: TransitionCause,
): Promise<Refund> {
  assertTransition(REFUND, refund, to, by);
  const rows = await update(tx, refund, to, set).returning();
  return transitionedOrStale(rows, REFUND, refund, to);
}

/** The same, where what the row holds afterwards is known or of no concern: nobody waits for the write. */
export async function transitionRefundUnread<Row extends Pick<Refund, 'id' | 'status'>, Set extends Written>(
  tx: Tx,
  refund: Row,
  to: RefundStatus,
  set: Set,
  by?: TransitionCause,
): Promise<Row & Set & { readonly status: RefundStatus }> {
  assertTransition(REFUND, refund, to, by);
  await writeOne(tx, update(tx, refund, to, set));
  return { ...refund, ...set, status: to };
}

const update = (tx: Tx, from: Pick<Refund, 'id' | 'status'>, to: RefundStatus, set: Written) =>
  tx
    .update(refunds)
    .set({ ...set, status: to })
    .where(and(eq(refunds.id, from.id), eq(refunds.status, from.status)));
