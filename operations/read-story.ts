import type { Db } from '../db/client.ts';
import { readApproval } from '../db/approvals/index.ts';
import {
  findSubject,
  orderOfSubject,
  type OrderRows,
  readMentions,
  readOrderRows,
  readPayoutRows,
} from '../db/operators/index.ts';
import { readFlag } from '../db/kernel/index.ts';
import { readWebhookEvent, type WebhookEventRow } from '../db/webhooks/index.ts';
import { VezaError } from '../domain/errors.ts';
import { writeSubject } from '../domain/kernel/index.ts';
import { orderWorkflowId } from '../domain/marketplace/index.ts';
import { payoutWorkflowId } from '../domain/payouts/index.ts';
import type { Story, StoryEvent, StoryKind } from './story.ts';
import { eventsOf, mentionEvents, payoutEvents } from './story-events.ts';
import { payoutRow, QUIET, rowsOf } from './story-rows.ts';

/**
 * The whole story of the row that an id names, and of its order: order, payment, refunds, webhooks, transfers,
 * reversals, postings, flags and what operators did, in order of time. Takes a workflow id, any of our ids, and the
 * providers' ids. Throws `subject_not_found`.
 */
export async function readStory(db: Db, text: string): Promise<Story> {
  const subject = await findSubject(db, text);
  if (subject === null) throw notFound(text);
  if (subject.kind === 'webhook') return storyOfWebhook(db, subject.id);
  if (subject.kind === 'flag') return readStory(db, (await readFlag(db, subject.id))?.subject ?? '');
  if (subject.kind === 'approval') {
    const approval = await readApproval(db, subject.id);
    return readStory(db, approval?.subject ?? '');
  }
  if (subject.kind === 'payout') return storyOfPayout(db, subject.id);
  const orderId = await orderOfSubject(db, subject);
  if (orderId === null) throw notFound(text);
  return storyOfOrder(db, orderId, writeSubject(subject));
}

const notFound = (text: string) =>
  new VezaError('subject_not_found', `Nothing of ours is known by ${text === '' ? 'no id' : text}.`);

async function storyOfOrder(db: Db, orderId: string, subject: string): Promise<Story> {
  const rows = await readOrderRows(db, orderId);
  const mentions = await readMentions(db, namesOf(orderId, rows));
  const events = inOrder([...eventsOf(rows), ...mentionEvents(mentions)]);
  return { subject, orderId, rows: rowsOf(rows, mentions.flags), events };
}

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

async function storyOfPayout(db: Db, payoutId: string): Promise<Story> {
  const found = await readPayoutRows(db, payoutId);
  if (found === null) throw notFound(payoutId);
  const { payout, entries } = found;
  const subject = payoutWorkflowId(payoutId);
  const about = [payoutId, ...(payout.externalPayoutId === null ? [] : [payout.externalPayoutId])];
  const mentions = await readMentions(db, { about, subjects: [subject] });
  const events = inOrder([...payoutEvents(payout, entries), ...mentionEvents(mentions)]);
  return { subject, orderId: null, rows: [payoutRow(payout)], events };
}

/** The story of the webhook's object; only the webhook's own where we do not know the object. */
async function storyOfWebhook(db: Db, webhookId: string): Promise<Story> {
  const webhook = await readWebhookEvent(db, webhookId);
  if (webhook === null) throw notFound(webhookId);
  const subject = writeSubject({ kind: 'webhook', id: webhookId });
  const about = webhook.about === null ? null : await findSubject(db, webhook.about);
  const rest = about === null ? await aloneOf(db, webhook) : await readStory(db, writeSubject(about));
  return {
    ...rest,
    subject,
    rows: [
      {
        kind: 'webhook',
        subject,
        status: webhook.outcome,
        money: null,
        ...QUIET,
        lastError: webhook.error,
        providerId: webhook.eventId,
        actions: [{ action: 'replay_webhook', subject }],
      },
      ...rest.rows,
    ],
  };
}

async function aloneOf(db: Db, webhook: WebhookEventRow): Promise<Omit<Story, 'subject'>> {
  const { audits, flags } = await readMentions(db, { about: [], subjects: [webhook.id] });
  const events = inOrder(mentionEvents({ webhooks: [webhook], audits, flags }));
  return { orderId: null, rows: [], events };
}

/** Causes come before effects with the same time. */
const RANK: readonly StoryKind[] = [
  ...(['webhook', 'audit', 'order', 'dispute', 'refund'] as const),
  ...(['transfer', 'reversal', 'payout', 'ledger', 'flag'] as const),
];

const inOrder = (events: readonly StoryEvent[]): StoryEvent[] =>
  events.toSorted((a, b) => a.at.getTime() - b.at.getTime() || RANK.indexOf(a.kind) - RANK.indexOf(b.kind));
