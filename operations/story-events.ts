import type { Payout } from '../db/payouts/index.ts';
import type { Mentions, OrderRows } from '../db/operators/index.ts';
import {
  orderWorkflowId,
  refundWorkflowId,
  reversalWorkflowId,
  transferWorkflowId,
} from '../domain/marketplace/index.ts';
import { payoutWorkflowId } from '../domain/payouts/index.ts';
import { formatMoney, writeSubject } from '../domain/kernel/index.ts';
import { maskPersonalData } from '../providers/webhooks/mask.ts';
import { moneyOf } from './action.ts';
import type { StoryEvent, StoryKind } from './story.ts';

// Events from the times that rows keep. Each event says one thing; facts without a time are shown on the row.

type Entry = OrderRows['entries'][number];

const event = (
  at: Date,
  kind: StoryKind,
  subject: string,
  text: string,
  more: Partial<Pick<StoryEvent, 'money' | 'by' | 'detail'>> = {},
): StoryEvent => ({ at, kind, subject, text, money: null, by: null, detail: null, ...more });

export function eventsOf(rows: OrderRows): StoryEvent[] {
  return [
    ...orderEvents(rows),
    ...refundEvents(rows),
    ...transferEvents(rows),
    ...reversalEvents(rows),
    ...disputeEvents(rows),
    ...ledgerEvents(rows.entries),
  ];
}

function orderEvents({ order }: OrderRows): StoryEvent[] {
  if (order === null) return [];
  const subject = orderWorkflowId(order.id);
  const money = { amountMinor: order.totalMinor, currency: order.currency };
  const { createdAt, buyerId, completedAt } = order;
  return [
    event(createdAt, 'order', subject, 'The order was placed.', { money, by: buyerId }),
    ...(completedAt === null
      ? []
      : [event(completedAt, 'order', subject, 'It was paid and is complete.', { money })]),
  ];
}

const STAGES: Readonly<Record<OrderRows['stages'][number]['stage'], string | null>> = {
  // The refund's own row shows this, with who asked and why.
  pending: null,
  accepted: 'The PSP accepted the refund. Its webhook decides.',
  succeeded: 'The refund succeeded.',
  failed: 'The refund failed.',
  returned: 'The bank sent the refund back, and its books were reverted.',
};

const WON_BACK = 'A later word about the dispute brought the money back, and its books were reverted.';

const REFUND_KINDS: Readonly<Record<OrderRows['refunds'][number]['kind'], string>> = {
  requested: 'A refund was asked for',
  external: 'A refund was made at the PSP by somebody else',
  payment_returned: 'A payment that the order did not take is given back',
  dispute: 'A lost dispute took the money back',
};

function refundEvents({ refunds, stages }: OrderRows): StoryEvent[] {
  return [
    ...refunds.map((refund) => {
      const because = refund.reason === null ? '' : `: ${refund.reason}`;
      return event(
        refund.createdAt,
        'refund',
        refundWorkflowId(refund.id),
        `${REFUND_KINDS[refund.kind]}${because}.`,
        { money: moneyOf(refund), by: refund.requestedBy },
      );
    }),
    ...stages.flatMap(({ at, refundId, stage }) => {
      const refund = refunds.find(({ id }) => id === refundId);
      const isWonBack = stage === 'returned' && refund?.kind === 'dispute';
      const text = isWonBack ? WON_BACK : STAGES[stage];
      if (text === null) return [];
      const failed = refund?.errorMessage;
      const why = stage === 'failed' && failed ? `The refund failed: ${failed}.` : text;
      return event(at, 'refund', refundWorkflowId(refundId), why);
    }),
  ];
}

function transferEvents({ transfers }: OrderRows): StoryEvent[] {
  return transfers.flatMap((transfer) => {
    const subject = transferWorkflowId(transfer.id);
    const money = moneyOf(transfer);
    const { createdAt, askedAt, completedAt, retryOf, stripeTransferId, sellerId } = transfer;
    const opened =
      retryOf === null
        ? `The share of seller ${sellerId} is to be sent.`
        : `It takes the place of transfer ${retryOf}.`;
    return [
      event(createdAt, 'transfer', subject, opened, { money }),
      ...(askedAt === null ? [] : [event(askedAt, 'transfer', subject, 'Stripe was asked to send it.')]),
      ...(completedAt === null
        ? []
        : [event(completedAt, 'transfer', subject, `Stripe sent it as ${stripeTransferId}.`, { money })]),
    ];
  });
}

const REVERSAL_ENDS: Readonly<Record<OrderRows['reversals'][number]['status'], string>> = {
  pending: 'It is open.',
  reversed: 'The money is back.',
  permanently_failed: 'It failed for good: a person has to decide.',
  settled_outside: 'The seller paid some other way.',
  written_off: 'It was written off as our loss.',
  withdrawn: 'It was withdrawn: the money of its refund came back.',
};

function reversalEvents({ reversals, transfers }: OrderRows): StoryEvent[] {
  return reversals.flatMap((reversal) => {
    const subject = reversalWorkflowId(reversal.id);
    const transfer = transfers.find(({ id }) => id === reversal.transferId);
    const money = transfer ? { amountMinor: reversal.amountMinor, currency: transfer.currency } : null;
    const { createdAt, askedAt, endedAt, retryOf, refundId, status, errorMessage } = reversal;
    const opened =
      retryOf !== null
        ? `It takes the place of reversal ${retryOf}.`
        : refundId === null
          ? 'A reversal that is not ours was seen at Stripe.'
          : `The seller’s share of the refund is to be taken back from transfer ${reversal.transferId}.`;
    const why = status !== 'reversed' && errorMessage !== null ? ` ${errorMessage}` : '';
    return [
      event(createdAt, 'reversal', subject, opened, { money }),
      ...(askedAt === null
        ? []
        : [event(askedAt, 'reversal', subject, 'Stripe was first asked under its present key.')]),
      ...(endedAt === null
        ? []
        : [event(endedAt, 'reversal', subject, `${REVERSAL_ENDS[status]}${why}`, { money })]),
    ];
  });
}

function disputeEvents({ disputes, words }: OrderRows): StoryEvent[] {
  return words.flatMap((word) => {
    const dispute = disputes.find(({ id }) => id === word.disputeId);
    if (dispute === undefined) return [];
    const isFirst = words.find(({ disputeId }) => disputeId === word.disputeId) === word;
    const money = { amountMinor: word.amountMinor, currency: dispute.currency };
    const stage = word.stage === 'dispute' ? '' : `, at the stage ${word.stage}`;
    const opened = isFirst && word.said === 'open';
    const text = opened
      ? `The buyer disputes the payment (${dispute.providerDisputeId})${stage}.`
      : `Dispute ${dispute.providerDisputeId} is ${word.said}${stage}.`;
    return event(word.at, 'dispute', orderWorkflowId(dispute.orderId), text, { money });
  });
}

export function payoutEvents(payout: Payout, entries: readonly Entry[]): StoryEvent[] {
  const subject = payoutWorkflowId(payout.id);
  const money = moneyOf(payout);
  const { createdAt, askedAt, paidAt, failedAt, externalPayoutId, sellerId, errorMessage } = payout;
  return [
    event(createdAt, 'payout', subject, 'The seller asked for a payout.', { money, by: sellerId }),
    ...(askedAt === null ? [] : [event(askedAt, 'payout', subject, 'Stripe was asked to pay it out.')]),
    ...(paidAt === null ? [] : [event(paidAt, 'payout', subject, `It was paid as ${externalPayoutId}.`)]),
    ...(failedAt === null
      ? []
      : [event(failedAt, 'payout', subject, `It failed: ${errorMessage ?? 'nobody said why'}.`)]),
    ...ledgerEvents(entries),
  ];
}

/** One event for each transaction of the ledger, with its postings. */
function ledgerEvents(entries: readonly Entry[]): StoryEvent[] {
  const byTransaction = new Map<string, Entry[]>();
  for (const entry of entries) {
    byTransaction.set(entry.transactionId, [...(byTransaction.get(entry.transactionId) ?? []), entry]);
  }
  return [...byTransaction.values()].flatMap((postings) => {
    const [first] = postings;
    if (first === undefined) return [];
    const subject = writeSubject({ kind: first.ofKind, id: first.ofId });
    const detail = postings.map(({ account, amountMinor, currency }) => ({
      account,
      amount: formatMoney(amountMinor, currency),
    }));
    return event(first.createdAt, 'ledger', subject, `Booked: ${first.kind}.`, { detail });
  });
}

export function mentionEvents({ webhooks, audits, flags }: Mentions): StoryEvent[] {
  return [
    ...webhooks.map((webhook) => {
      const error = webhook.error === null ? '' : `: ${webhook.error}`;
      const gone = webhook.body === null ? ' Its body was deleted after its time.' : '';
      const text = `Webhook ${webhook.type} of ${webhook.provider}, ${webhook.outcome}${error}.${gone}`;
      const detail = webhook.body === null ? null : maskPersonalData(JSON.parse(webhook.body));
      return event(webhook.receivedAt, 'webhook', `webhook/${webhook.id}`, text, { detail });
    }),
    ...audits.map(({ at, subject, action, reason, actor, before, after }) => {
      const why = reason === null ? '' : `: ${reason}`;
      return event(at, 'audit', subject, `${action}${why}`, { by: actor, detail: { before, after } });
    }),
    ...flags.flatMap(({ raisedAt, clearedAt, subject, kind, detail }) => [
      event(raisedAt, 'flag', subject, `Flagged as ${kind}: ${detail}`),
      ...(clearedAt === null ? [] : [event(clearedAt, 'flag', subject, `The flag ${kind} was cleared.`)]),
    ]),
  ];
}
