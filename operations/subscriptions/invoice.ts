import type { SubscriptionRows } from '../../db/subscriptions/index.ts';
import { invoiceSubject } from '../../domain/subscriptions/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, event, eventIf, moneyOf, nextOf, QUIET } from '../telling.ts';
import type { ActionName } from '../titles.ts';
import { INVOICE_ROW_ACTIONS } from './invoice-actions.ts';
import { ATTEMPT_WAITS, waitOf } from './waits.ts';

type Invoice = SubscriptionRows['invoices'][number];
type Attempt = SubscriptionRows['attempts'][number];

/** Its workflow is its subscription's. */
export const invoice: Omit<RowKind, 'story'> = {
  kind: 'invoice',
  hasWorkflow: false,
  // Refunds all that is left, unless there are further parameters.
  actions: INVOICE_ROW_ACTIONS,
};

export const stuckInvoice: StuckKind = {
  one: 'Payment of an invoice',
  many: 'Payments of invoices without an outcome',
  next: (row) => nextOf(row, ATTEMPT_WAITS),
  actions: ({ subject, status }) =>
    asks(subject, 'retry', ...(status === 'open' ? (['void_invoice'] as const) : [])),
  onMany: ['retry'],
  money: [
    { status: 'open', name: 'Payments of invoices under way', tone: 'busy' },
    { name: 'Payments of void invoices that are being ended', tone: 'warn' },
  ],
};

export function invoiceRow(row: Invoice, { attempts }: SubscriptionRows, workflowId: string): StoryRow {
  const last = attempts.filter(({ invoiceId }) => invoiceId === row.id).at(-1);
  return {
    ...QUIET,
    kind: 'invoice',
    subject: invoiceSubject(row.id),
    workflowId,
    status: row.status,
    money: moneyOf(row),
    lastError: last?.errorMessage ?? null,
    waitingFor: last?.status === 'pending' ? waitOf(last) : null,
    retryCount: last === undefined ? null : last.attempt - 1,
    providerId: row.hyperswitchPaymentId ?? last?.id ?? null,
    idempotencyKey: last?.id ?? null,
    actions: asks(invoiceSubject(row.id), ...actionsOn(row, last)),
  };
}

function actionsOn({ status }: Invoice, last: Attempt | undefined): ActionName[] {
  const isUnderWay = last?.status === 'pending';
  if (status === 'paid' || status === 'partially_refunded') return ['refund_invoice'];
  if (status !== 'open') return isUnderWay ? ['retry'] : [];
  return [isUnderWay ? 'retry' : 'charge_now', 'void_invoice'];
}

const REASONS: Readonly<Record<Invoice['reason'], string>> = {
  first: 'the first period',
  renewal: 'a renewal',
  trial_end: 'the end of a trial',
  change: 'a change of plan',
};

export const invoiceEvents = (row: Invoice, { lines, notes }: SubscriptionRows): StoryEvent[] => {
  const subject = invoiceSubject(row.id);
  const detail = lines
    .filter(({ invoiceId }) => invoiceId === row.id)
    .map(({ kind, description, amountMinor }) => ({ kind, description, amountMinor }));
  const money = moneyOf(row);
  return [
    event(row.createdAt, 'invoice', subject, `An invoice was written, for ${REASONS[row.reason]}.`, {
      money,
      detail,
    }),
    ...eventIf(row.paidAt, 'invoice', subject, `It was paid, and is ${row.number}.`, { money }),
    ...notes
      .filter(({ invoiceId }) => invoiceId === row.id)
      .map((note) =>
        event(note.createdAt, 'invoice', subject, `Credit note ${note.number} was written.`, {
          money: { amountMinor: note.amountMinor, currency: row.currency },
        }),
      ),
  ];
};

const OUTCOMES: Readonly<Record<Attempt['status'], string>> = {
  pending: 'has no outcome yet',
  succeeded: 'succeeded',
  failed: 'failed',
  given_back: 'succeeded, and its money went back, since no invoice could take it',
};

/** An attempt stands in its invoice's place: it is the same payment at the PSP. */
export function attemptEvents(row: Attempt): StoryEvent[] {
  const subject = invoiceSubject(row.invoiceId);
  const who = row.onSession ? 'with the buyer present' : 'from the card on file';
  const declined =
    row.declineCode === null ? '' : ` (${row.declineCode}, ${row.declineClass ?? 'of no class'})`;
  const why = row.errorMessage === null ? '' : `: ${row.errorMessage}`;
  const detail = { paymentId: row.id, providerStatus: row.providerStatus, receivedMinor: row.receivedMinor };
  return [
    event(
      row.createdAt,
      'attempt',
      subject,
      `Payment ${row.attempt}, ${who}, ${OUTCOMES[row.status]}${declined}${why}.`,
      {
        money: moneyOf(row),
        detail,
      },
    ),
    ...eventIf(row.askedAt, 'attempt', subject, `The PSP was asked for payment ${row.attempt}.`),
    ...eventIf(row.endRequestedAt, 'attempt', subject, `Payment ${row.attempt} was not wanted any more.`),
  ];
}
