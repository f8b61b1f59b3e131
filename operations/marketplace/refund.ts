import type { OrderRows, Refund } from '../../db/marketplace/index.ts';
import { refundKey, refundWorkflowId } from '../../domain/marketplace/index.ts';
import type { RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, event, moneyOf, nextOf, QUIET } from '../telling.ts';
import type { ActionName } from '../titles.ts';
import { giveBackRefused } from './give-back-actions.ts';
import { giveUpRefund, markReturned, settleRefundOutside } from './refund-actions.ts';
import { REFUND_WAITS } from './waits.ts';

export const refund: Omit<RowKind, 'story'> = {
  kind: 'refund',
  hasWorkflow: true,
  actions: [giveUpRefund, settleRefundOutside, markReturned, giveBackRefused],
};

/** The PSP did something that the books cannot hold: a person says what the buyer has. */
const WHILE_HELD: readonly ActionName[] = ['settled_outside', 'give_up'];
/** The PSP may not have the refund. */
const WHILE_ASKED: readonly ActionName[] = ['give_up'];
const GIVES_BACK_AGAIN: readonly ActionName[] = ['give_back'];

export const stuckRefund: StuckKind = {
  one: 'Refund at the PSP',
  many: 'Refunds waiting for the PSP',
  next: (row) =>
    row.waitingFor === null
      ? 'The PSP has it, and its webhook decides. Sweeps ask the PSP in case that was lost.'
      : nextOf(row, REFUND_WAITS),
  actions: ({ subject, waitingFor }) => (waitingFor === 'held' ? asks(subject, ...WHILE_HELD) : []),
  money: [{ name: 'Refunds waiting for the PSP’s word', tone: 'busy' }],
};

export const stuckOrphan: StuckKind = {
  one: 'Orphan refund',
  many: 'Refunds that the PSP may not have',
  next: (row) =>
    row.waitingFor === null
      ? 'Its workflow asks the PSP until the answer is known. A sweep fails it only if no workflow asks and the PSP twice does not know it.'
      : nextOf(row, REFUND_WAITS),
  actions: ({ subject, waitingFor }) =>
    waitingFor === 'held'
      ? asks(subject, ...WHILE_HELD)
      : waitingFor === null
        ? asks(subject, ...WHILE_ASKED)
        : [],
  money: [{ name: 'Refunds that the PSP may not have', tone: 'warn' }],
};

/**
 * `differs`: the PSP gave back another amount or currency. `givesBackAgain`: it gave nothing back, what it was of is
 * still held, and no row but this offers to give it back again.
 */
export function refundRow(row: Refund, differs: boolean, givesBackAgain = false): StoryRow {
  const isHeld = row.status === 'pending' && differs;
  const subject = refundWorkflowId(row.id);
  return {
    ...QUIET,
    kind: 'refund',
    subject,
    status: row.status,
    money: moneyOf(row),
    lastError: row.errorMessage,
    providerId: row.hyperswitchRefundId,
    idempotencyKey: refundKey(row),
    waitingFor: isHeld ? 'held' : isAsked(row) ? waitOf(row) : null,
    actions: asks(subject, ...(givesBackAgain ? GIVES_BACK_AGAIN : actionsOn(row, isHeld))),
  };
}

function actionsOn(row: Refund, isHeld: boolean): readonly ActionName[] {
  if (isHeld) return WHILE_HELD;
  if (row.status === 'succeeded') return row.kind === 'dispute' ? [] : ['mark_returned'];
  return isAsked(row) && waitOf(row) === null ? WHILE_ASKED : [];
}

const isAsked = ({ status, hyperswitchRefundId }: Refund) =>
  status === 'pending' && hyperswitchRefundId === null;

/** What the refund waits for, in the words of the stuck list. */
function waitOf({ givenUpAt, existsBy }: Refund): string | null {
  if (givenUpAt !== null) return 'second_look';
  return existsBy === null ? null : 'psp_read_side';
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

const BEGINNINGS: Readonly<Record<Refund['kind'], string>> = {
  requested: 'A refund was asked for',
  external: 'A refund was made at the PSP by somebody else',
  payment_returned: 'A payment that was not taken is given back',
  dispute: 'A lost dispute took the money back',
};

export const refundEvents = ({
  refunds,
  stages,
}: {
  readonly refunds: readonly Refund[];
  readonly stages: OrderRows['stages'];
}): StoryEvent[] => [
  ...refunds.map((row) => {
    const because = row.reason === null ? '' : `: ${row.reason}`;
    const text = `${BEGINNINGS[row.kind]}${because}.`;
    const more = { money: moneyOf(row), by: row.requestedBy };
    return event(row.createdAt, 'refund', refundWorkflowId(row.id), text, more);
  }),
  ...stages.flatMap(({ at, refundId, stage }) => {
    const row = refunds.find(({ id }) => id === refundId);
    const isWonBack = stage === 'returned' && row?.kind === 'dispute';
    const text = isWonBack ? WON_BACK : STAGES[stage];
    if (text === null) return [];
    const failed = row?.errorMessage;
    const why = stage === 'failed' && failed ? `The refund failed: ${failed}.` : text;
    return event(at, 'refund', refundWorkflowId(refundId), why);
  }),
];
