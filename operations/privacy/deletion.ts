import { type DeletionStory, readDeletionStory } from '../../db/privacy/index.ts';
import { deletionWorkflowId } from '../../domain/privacy/ids.ts';
import { waitWordsOf } from '../../domain/privacy/waits.ts';
import { balanceSubject } from '../../domain/payouts/index.ts';
import type { ActionName } from '../titles.ts';
import type { ActionAsk, RowKind, StoryEvent, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, event, eventIf, QUIET } from '../telling.ts';
import { DELETION_ROW_ACTIONS } from './deletion-actions.ts';
import { mailEvents } from './mails.ts';

type Row = DeletionStory['rows'][number];

/** A person who leaves, or has left. All that is told of them is ids, times and words of ours. */
export const deletion: RowKind = {
  kind: 'deletion',
  hasWorkflow: true,
  isOfPerson: true,
  actions: DELETION_ROW_ACTIONS,
  async story(db, userId) {
    const found = await readDeletionStory(db, userId);
    if (found === null) return null;
    const subject = deletionWorkflowId(userId);
    const [newest] = found.rows;
    return {
      orderId: null,
      rows: () => [deletionRow(newest)],
      events: [...found.rows.flatMap(deletionEvents), ...mailEvents(subject, found.mails)],
      about: [],
      subjects: [subject],
    };
  },
};

export const stuckDeletion: StuckKind = {
  one: 'Deletion',
  many: 'Deletions whose time has come',
  next: ({ status, waitingFor }) => nextOfDeletion(status, waitingFor === null ? [] : waitingFor.split(', ')),
  actions: ({ subject, status, waitingFor }) =>
    asks(subject, ...mayBe(status, (waitingFor ?? '').split(', ').includes('hold'))),
};

/** Of one of any status, and with what it waits for. */
export function nextOfDeletion(status: string, waits: readonly string[]): string {
  if (status === 'undone' || status === 'erased') return 'Nothing: it has ended.';
  if (status === 'erasing')
    return 'Its steps go on until each is done; a provider that is away holds it up for seven days.';
  if (waits.length > 0)
    return `It waits for ${waitWordsOf(waits).join(', ')}. Its workflow looks again every few hours, and when that has ended.`;
  return 'On its last day its workflow looks whether anything of this person still moves, then erases.';
}

/** What holds it up, the operator's hold among it: that counts from when it is held. */
export const waitsOf = ({ status, waitsFor, heldAt }: Row): readonly string[] => {
  if (status !== 'scheduled' && status !== 'waiting') return [];
  return heldAt === null || waitsFor.includes('hold') ? waitsFor : [...waitsFor, 'hold'];
};

/** What an operator may do about one that stands so. */
function mayBe(status: string, isHeld: boolean): ActionName[] {
  if (status !== 'scheduled' && status !== 'waiting') return [];
  return isHeld ? ['release_hold', 'undo_deletion'] : ['hold_deletion', 'undo_deletion', 'erase_now'];
}

/** A debt is ended on the balance of its person. */
export const deletionAsks = (row: Row): ActionAsk[] => [
  ...asks(deletionWorkflowId(row.userId), ...mayBe(row.status, row.heldAt !== null)),
  ...(waitsOf(row).includes('balance_owed')
    ? asks(balanceSubject(row.userId), 'settled_outside', 'written_off')
    : []),
];

export function deletionRow(row: Row): StoryRow {
  const { userId, status, finalAt, steps } = row;
  const waits = waitsOf(row);
  const notes = Object.entries(steps).flatMap(([step, { note }]) =>
    note === null ? [] : [`${step}: ${note}`],
  );
  return {
    ...QUIET,
    kind: 'deletion',
    subject: deletionWorkflowId(userId),
    status,
    money: null,
    lastError: notes.length === 0 ? null : notes.join(', '),
    waitingFor: waits.length === 0 ? null : waits.join(', '),
    nextAttemptAt: status === 'scheduled' ? finalAt : null,
    providerId: null,
    actions: deletionAsks(row),
  };
}

function deletionEvents(row: Row): StoryEvent[] {
  const { userId, requestedAt, finalAt, keepPublicTracks, steps, report } = row;
  const subject = deletionWorkflowId(userId);
  const told = (at: Date | null, text: string, detail: unknown = null) =>
    eventIf(at, 'deletion', subject, text, { detail });
  const kept = keepPublicTracks ? 'What they published stays.' : 'What they published is hidden.';
  return [
    event(requestedAt, 'deletion', subject, `${askedBy(row)} It is final on ${dayOf(finalAt)}. ${kept}`, {
      by: row.requestedBy,
    }),
    ...told(row.remindedAt, 'The reminder was written.'),
    ...told(row.waitingSince, `Its time had come, and something of theirs was open. ${heldUpBy(row)}`),
    ...told(row.heldAt, 'An operator held it.'),
    ...told(row.paidOutAt, 'What was left of the balance was sent out.'),
    ...told(row.undoneAt, 'It was undone: the account is open again.'),
    ...told(row.erasingAt, 'The erasing began. From here on there is no way back.'),
    ...Object.entries(steps).flatMap(([step, { begunAt, doneAt, note }]) => [
      ...told(new Date(begunAt), `The step ${named(step)} began.`),
      ...told(
        doneAt === null ? null : new Date(doneAt),
        `The step ${named(step)} was done${note === null ? '' : `, but for ${named(note)}`}.`,
      ),
    ]),
    ...told(row.erasedAt, 'The person is erased.', report),
  ];
}

function askedBy({ userId, requestedBy }: Row): string {
  if (requestedBy === userId) return 'Its person asked to leave.';
  return requestedBy === 'system'
    ? 'An older system had closed the account.'
    : 'An operator closed the account.';
}

const heldUpBy = ({ waitsFor }: Row) =>
  waitsFor.length === 0 ? 'It has ended.' : `It waits for ${waitWordsOf(waitsFor).join(', ')}.`;

const named = (word: string) => word.replaceAll('_', ' ');
const dayOf = (at: Date) => at.toISOString().slice(0, 10);
