import type { Mail } from '../../db/accounts/index.ts';
import type { Db } from '../../db/client.ts';
import {
  readSubscriptionRows,
  subscriptionBehind,
  type SubscriptionRows,
} from '../../db/subscriptions/index.ts';
import { invoiceSubject, subscriptionWorkflowId } from '../../domain/subscriptions/index.ts';
import { refundWorkflowId } from '../../domain/marketplace/index.ts';
import { ledgerEvents } from '../ledger/index.ts';
import { disputeEvents, disputeRow, refundEvents, refundRow } from '../marketplace/index.ts';
import type { OpsFlagRow } from '../../db/kernel/index.ts';
import type { RowKind, StoryEvent, StoryPart, StoryRow } from '../row-kind.ts';
import { event } from '../telling.ts';
import { attemptEvents, invoice, invoiceEvents, invoiceRow } from './invoice.ts';
import { subscription, subscriptionEvents, subscriptionRow } from './subscription.ts';

/** A subscription's story has all of its invoices and their payments. */
async function storyOf(db: Db, id: string): Promise<StoryPart | null> {
  const rows = await readSubscriptionRows(db, id);
  if (rows === null) return null;
  const workflowId = subscriptionWorkflowId(id);
  const { refunds, disputes } = rows.back;
  return {
    orderId: null,
    rows: (flags) => rowsOf(rows, workflowId, flags),
    events: eventsOf(rows),
    about: [
      ...rows.attempts.map((attempt) => attempt.id),
      ...rows.setups.map((setup) => setup.id),
      ...refunds.flatMap((refund) => [refund.id, refund.hyperswitchRefundId ?? refund.id]),
      ...disputes.map(({ providerDisputeId }) => providerDisputeId),
    ],
    subjects: [
      workflowId,
      ...rows.invoices.map((row) => invoiceSubject(row.id)),
      ...refunds.map((refund) => refundWorkflowId(refund.id)),
    ],
  };
}

function rowsOf(rows: SubscriptionRows, workflowId: string, flags: readonly OpsFlagRow[]): StoryRow[] {
  const differing = new Set(
    flags.filter(({ kind }) => kind === 'amount_differs').map(({ subject }) => subject),
  );
  const failing = new Set(
    flags
      .filter(({ kind, clearedAt }) => kind === 'give_back_failed' && clearedAt === null)
      .map(({ subject }) => subject),
  );
  const underWay = new Set(
    rows.back.refunds.filter(({ status }) => status === 'pending').map(({ paymentId }) => paymentId),
  );
  return [
    subscriptionRow(rows),
    ...rows.invoices.map((row) => invoiceRow(row, rows, workflowId)),
    ...rows.back.refunds.map((refund) => {
      const subject = refundWorkflowId(refund.id);
      return refundRow(
        refund,
        differing.has(subject),
        failing.has(subject) && !underWay.has(refund.paymentId),
      );
    }),
    ...rows.back.disputes.map((dispute) => disputeRow(dispute, disputedOf(dispute))),
  ];
}

const disputedOf = ({ invoiceId }: { readonly invoiceId: string | null }): string =>
  invoiceSubject(invoiceId ?? '');

const eventsOf = (rows: SubscriptionRows) => [
  ...subscriptionEvents(rows),
  ...rows.invoices.flatMap((row) => invoiceEvents(row, rows)),
  ...rows.attempts.flatMap(attemptEvents),
  ...refundEvents(rows.back),
  ...disputeEvents(rows.back, disputedOf),
  ...ledgerEvents(rows.entries),
  ...rows.mails.map((mail) => mailEvent(mail, rows)),
];

/** Of a mail its kind and what its text says; no address is in it. */
function mailEvent(mail: Mail, { subscription: { id }, invoices }: SubscriptionRows): StoryEvent {
  const told = invoices.find((row) => mail.subject.startsWith(invoiceSubject(row.id)));
  const subject = told === undefined ? subscriptionWorkflowId(id) : invoiceSubject(told.id);
  const words = mail.kind.replaceAll('_', ' ');
  return event(mail.createdAt, 'mail', subject, `A mail was written: ${words}.`, { detail: mail.params });
}

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
