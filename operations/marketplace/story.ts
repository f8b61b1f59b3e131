import type { Db } from '../../db/client.ts';
import type { OpsFlagRow } from '../../db/kernel/index.ts';
import { type OrderRows, purchaseBehind, readOrderRows } from '../../db/marketplace/index.ts';
import { writeSubject } from '../../domain/kernel/index.ts';
import { orderWorkflowId, refundWorkflowId, reversalWorkflowId } from '../../domain/marketplace/index.ts';
import { ledgerEvents } from '../ledger/index.ts';
import type { StoryPart, StoryRow } from '../row-kind.ts';
import { disputeEvents, disputeRow } from './dispute.ts';
import { orderEvents, orderRow } from './order.ts';
import { refundEvents, refundRow } from './refund.ts';
import { reversalEvents, reversalRow } from './reversal.ts';
import { transferEvents, transferRow } from './transfer.ts';

/**
 * The story of a row is that of its order, with all rows that belong to it, or of another purchase. Null: there is no
 * such row.
 */
export const storyOf =
  (kind: string) =>
  async (db: Db, id: string): Promise<StoryPart | { readonly instead: string } | null> => {
    const purchase = await purchaseBehind(db, { kind, id });
    if (purchase === null) return null;
    if (purchase.kind !== 'order') return { instead: writeSubject(purchase) };
    const orderId = purchase.id;
    const rows = await readOrderRows(db, orderId);
    return {
      orderId,
      rows: (flags) => rowsOf(rows, flags),
      events: eventsOf(rows),
      ...namesOf(orderId, rows),
    };
  };

function rowsOf(
  { order, refunds, transfers, reversals, disputes }: OrderRows,
  flags: readonly OpsFlagRow[],
): StoryRow[] {
  const superseded = new Set([...transfers, ...reversals].map(({ retryOf }) => retryOf));
  const happened = new Set(
    flags
      .filter(({ kind, clearedAt }) => kind === 'reversal_happened_after_all' && clearedAt === null)
      .map((flag) => flag.subject),
  );
  const held = new Set(flags.filter(({ kind }) => kind === 'amount_differs').map((flag) => flag.subject));
  const currencyOf = new Map(transfers.map(({ id, currency }) => [id, currency]));
  return [
    ...(order === null ? [] : [orderRow(order, refunds)]),
    ...refunds.map((refund) => refundRow(refund, held.has(refundWorkflowId(refund.id)))),
    ...transfers.map((transfer) => transferRow(transfer, superseded.has(transfer.id))),
    ...reversals.map((reversal) =>
      reversalRow(reversal, currencyOf.get(reversal.transferId) ?? '', {
        isSuperseded: superseded.has(reversal.id),
        hasHappened: happened.has(reversalWorkflowId(reversal.id)),
      }),
    ),
    ...disputes.map((dispute) => disputeRow(dispute, orderWorkflowId(dispute.orderId))),
  ];
}

const eventsOf = (rows: OrderRows) => [
  ...(rows.order === null ? [] : orderEvents(rows.order)),
  ...refundEvents(rows),
  ...rows.transfers.flatMap(transferEvents),
  ...rows.reversals.flatMap((reversal) =>
    reversalEvents(
      reversal,
      rows.transfers.find(({ id }) => id === reversal.transferId),
    ),
  ),
  ...disputeEvents(rows, ({ orderId }) => orderWorkflowId(orderId)),
  ...ledgerEvents(rows.entries),
];

/** The names of this order's rows: those that webhooks use, and those of flags and the audit log. */
function namesOf(orderId: string, { order, refunds, transfers, reversals, disputes }: OrderRows) {
  const about = [
    orderId,
    ...(order?.paymentId ? [order.paymentId] : []),
    ...refunds.flatMap(({ id, hyperswitchRefundId }) => [id, hyperswitchRefundId ?? id]),
    ...transfers.flatMap(({ stripeTransferId }) => stripeTransferId ?? []),
    ...disputes.map(({ providerDisputeId }) => providerDisputeId),
  ];
  const subjects = [
    orderWorkflowId(orderId),
    ...refunds.map(({ id }) => writeSubject({ kind: 'refund', id })),
    ...transfers.map(({ id }) => writeSubject({ kind: 'transfer', id })),
    ...reversals.map(({ id }) => writeSubject({ kind: 'reversal', id })),
  ];
  return { about, subjects };
}
