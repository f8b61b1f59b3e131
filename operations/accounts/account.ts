import { type Account, type AccountStory, type MailRow, readAccount } from '../../db/accounts/index.ts';
import { mailWorkflowId, userSubject } from '../../domain/accounts/index.ts';
import type { RowKind, StoryEvent, StoryRow } from '../row-kind.ts';
import { asks, event, eventIf, QUIET } from '../telling.ts';
import type { ActionName } from '../titles.ts';
import { ACCOUNT_ACTIONS } from './account-actions.ts';
import { mailStoryRow } from './mail.ts';

/** A person's account. What is told of it has ids alone: no address, no name. */
export const account: RowKind = {
  kind: 'account',
  hasWorkflow: false,
  isOfPerson: true,
  actions: ACCOUNT_ACTIONS,
  async story(db, id) {
    const found = await readAccount(db, id);
    if (found === null) return null;
    return {
      orderId: null,
      rows: () => [storyRow(found), ...found.mails.map(mailStoryRow)],
      events: [...accountEvents(found), ...found.mails.map(mailWritten)],
      about: [],
      subjects: [userSubject(id), ...found.mails.map((one) => mailWorkflowId(one.id))],
    };
  },
};

/** By its kind alone: what its text says is in its own story. */
const mailWritten = ({ id, kind, createdAt }: MailRow): StoryEvent =>
  event(createdAt, 'mail', mailWorkflowId(id), `A mail was written: ${kind.replaceAll('_', ' ')}.`);

function storyRow({ account: row, isTwoFactorOn, codesBlockedUntil }: AccountStory): StoryRow {
  const subject = userSubject(row.id);
  return {
    ...QUIET,
    kind: 'account',
    subject,
    status: row.status,
    money: null,
    waitingFor: waitOf(row, isTwoFactorOn),
    nextAttemptAt: codesBlockedUntil,
    providerId: null,
    actions: asks(subject, ...mayBe(row, isTwoFactorOn)),
  };
}

function waitOf({ status, isVerified, role }: Account, isTwoFactorOn: boolean): string | null {
  if (status !== 'active') return null;
  if (!isVerified) return 'address_not_confirmed';
  return role === 'admin' && !isTwoFactorOn ? 'admin_without_second_factor' : null;
}

function mayBe({ status, isVerified, role }: Account, isTwoFactorOn: boolean): ActionName[] {
  const isActive = status === 'active';
  return [
    ...(isActive ? (['disable', 'end_sessions', 'unblock'] as const) : []),
    ...(status === 'disabled' ? (['enable'] as const) : []),
    ...(isActive && !isVerified ? (['verify_address'] as const) : []),
    ...(isTwoFactorOn ? (['reset_second_factor'] as const) : []),
    ...(role === 'admin' ? (['take_admin'] as const) : []),
    ...(isActive && isVerified && role !== 'admin' ? (['give_admin'] as const) : []),
  ];
}

function accountEvents({ account: row, isTwoFactorOn, sessions }: AccountStory): StoryEvent[] {
  const subject = userSubject(row.id);
  const factor = isTwoFactorOn ? 'with' : 'without';
  const text = `The account was made. Today it has the role ${row.role}, ${factor} a second factor.`;
  return [
    event(row.createdAt, 'account', subject, text),
    ...eventIf(row.promotedToCreatorAt, 'account', subject, 'Its person made a creator of themselves.'),
    ...sessions.flatMap(({ kind, createdAt, endedAt, endReason }) => [
      event(createdAt, 'account', subject, `A session was opened: ${kind}.`),
      ...eventIf(endedAt, 'account', subject, `A session ended: ${endReason?.replaceAll('_', ' ')}.`),
    ]),
  ];
}
