import {
  lockMail,
  type MailLabel,
  type MailRow,
  openParams,
  readMail,
  resendMail,
} from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { lockNamed } from '../../db/kernel/index.ts';
import { ACCOUNT_MAILS, MAIL_ACTIONS, mailWorkflowId } from '../../domain/accounts/index.ts';
import type { MailKind } from '../../domain/mails.ts';
import type { FlagKind } from '../../domain/flags.ts';
import { effectOf } from '../../domain/kernel/index.ts';
import type { FlagWords, RowAction, RowKind, StoryRow, StuckKind } from '../row-kind.ts';
import { asks, event, nextOf, QUIET } from '../telling.ts';

async function snapshot(tx: Tx, mailId: string) {
  const { status } = await lockNamed(tx, 'mail', mailId, lockMail);
  return { status, money: null };
}

const resend: RowAction<MailRow, MailLabel> = {
  action: 'resend',
  kind: 'mail',
  refusals: ['mail_not_found', 'mail_not_given_up'],
  snapshot,
  async act(tx, mailId, act) {
    const mail = await resendMail(tx, { mailId, ...act });
    const { userId, kind, status } = mail;
    return { done: mail, now: { subject: mailWorkflowId(mailId), status }, work: { mailId, userId, kind } };
  },
  async notify({ engine }, work) {
    await engine.startMail(work);
    return null;
  },
  describeEffect: (standing) => effectOf(MAIL_ACTIONS.resend, standing),
};

/**
 * A mail: its kind, and what its text says unless it is about an account. Where it goes is told to nobody, and neither is where
 * somebody signed in, nor by which browser.
 */
export const mail: RowKind = {
  kind: 'mail',
  hasWorkflow: true,
  actions: [resend],
  async story(db, id) {
    const found = await readMail(db, id);
    if (found === null) return null;
    const subject = mailWorkflowId(id);
    const words = found.kind.replaceAll('_', ' ');
    const detail = await openParams(db, found).catch(() => null);
    return {
      orderId: null,
      rows: () => [mailStoryRow(found)],
      events: [
        event(found.createdAt, 'mail', subject, `A mail was written: ${words}, about ${found.subject}.`, {
          detail: isAboutAccount(found.kind) ? null : detail,
        }),
      ],
      about: [id],
      subjects: [subject],
    };
  },
};

const isAboutAccount = (kind: MailKind) => (ACCOUNT_MAILS as readonly MailKind[]).includes(kind);

export const stuckMail: StuckKind = {
  one: 'Mail',
  many: 'Mails that wait',
  next: (row) => nextOf(row, {}),
  actions: () => [],
};

export const MAIL_FLAG_WORDS: Readonly<Partial<Record<FlagKind, FlagWords>>> = {
  mail_gave_up: {
    next: 'The mail server has not taken it for a day. See that it takes mails, then send it again.',
    remedies: ({ subject }) => asks(subject, 'resend'),
  },
};

/** A mail in the story of what it tells of, and in its own. */
export function mailStoryRow(row: MailRow): StoryRow {
  const subject = mailWorkflowId(row.id);
  return {
    ...QUIET,
    kind: 'mail',
    subject,
    status: row.status,
    money: null,
    lastError: row.errorCode,
    nextAttemptAt: row.nextAttemptAt,
    retryCount: row.attempts,
    providerId: null,
    actions: row.status === 'given_up' ? asks(subject, 'resend') : [],
  };
}
