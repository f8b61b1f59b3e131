import type { Db } from '../../db/client.ts';
import {
  readSubscriptionRows,
  subscriptionBehind,
  type SubscriptionRows,
} from '../../db/subscriptions/index.ts';
import { invoiceSubject, subscriptionWorkflowId } from '../../domain/subscriptions/index.ts';
import { ledgerEvents } from '../ledger/index.ts';
import type { RowKind, StoryPart } from '../row-kind.ts';
import { attemptEvents, invoice, invoiceEvents, invoiceRow } from './invoice.ts';
import { subscription, subscriptionEvents, subscriptionRow } from './subscription.ts';

/** A subscription's story has all of its invoices and their payments. */
async function storyOf(db: Db, id: string): Promise<StoryPart | null> {
  const rows = await readSubscriptionRows(db, id);
  if (rows === null) return null;
  const workflowId = subscriptionWorkflowId(id);
  return {
    orderId: null,
    rows: () => [subscriptionRow(rows), ...rows.invoices.map((row) => invoiceRow(row, rows, workflowId))],
    events: eventsOf(rows),
    about: [
      ...rows.attempts.map(({ id: paymentId }) => paymentId),
      ...rows.setups.map(({ id: setupId }) => setupId),
    ],
    subjects: [workflowId, ...rows.invoices.map((row) => invoiceSubject(row.id))],
  };
}

const eventsOf = (rows: SubscriptionRows) => [
  ...subscriptionEvents(rows),
  ...rows.invoices.flatMap((row) => invoiceEvents(row, rows)),
  ...rows.attempts.flatMap(attemptEvents),
  ...ledgerEvents(rows.entries),
];

/** The story of a row that belongs to a subscription is that one's. */
const insteadOf = (kind: string): Pick<RowKind, 'story'> => ({
  async story(db, id) {
    const subscriptionId = await subscriptionBehind(db, { kind, id });
    return subscriptionId === null ? null : { instead: subscriptionWorkflowId(subscriptionId) };
  },
});

/** Payments at the PSP, by which webhooks name what they are about. */
const paymentKind = (kind: string): RowKind => ({
  kind,
  hasWorkflow: false,
  actions: [],
  ...insteadOf(kind),
});

export const ROWS: readonly RowKind[] = [
  { ...subscription, story: storyOf },
  { ...invoice, ...insteadOf('invoice') },
  paymentKind('attempt'),
  paymentKind('setup'),
];
