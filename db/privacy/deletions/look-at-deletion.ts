import { deletionWorkflowId } from '../../../domain/privacy/ids.ts';
import { type DeletionWait, waitWordsOf } from '../../../domain/privacy/waits.ts';
import {
  type Account,
  lockAccount,
  readMailStatus,
  shutForErasing,
  writeMail,
} from '../../accounts/index.ts';
import type { Db, Tx } from '../../client.ts';
import { clearFlags, raiseFlag, readClock } from '../../kernel/index.ts';
import { hasStripeAccount, readOpenMoney } from '../open-money.ts';
import type { AccountDeletion } from '../schema.ts';
import { lockOpenDeletion } from './open-deletion.ts';
import { transitionDeletion } from './transition.ts';

/** What is to be done about somebody's leaving. Times are ISO 8601. */
export type DeletionLook =
  /** Nothing: they stay, or are erased. */
  | { readonly kind: 'over' }
  | (Looked & { readonly kind: 'sleep'; readonly dueInMs: number })
  /** `pays`: what is left of the balance is to be paid out. */
  | (Looked & {
      readonly kind: 'waits';
      readonly waitsFor: readonly DeletionWait[];
      readonly pays: boolean;
      readonly dueInMs: number;
    })
  /** The last mail is on its way. */
  | (Looked & { readonly kind: 'tells'; readonly dueInMs: number })
  | (Looked & { readonly kind: 'erase' });

interface Looked {
  readonly deletionId: string;
  readonly finalAt: string;
}

export interface LookTerms {
  /** How often open money is looked at. */
  readonly lookEveryMs: number;
  /** Without a mail server nobody waits for the last mail. */
  readonly hasMailServer: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const REMINDER_MS = 3 * DAY_MS;
const FLAG_AFTER_MS = 7 * DAY_MS;
const MAIL_LOOK_MS = { least: 2_000, most: 10 * 60 * 1000 } as const;

/** Decides under the account's lock: against an undo exactly one wins. Repeatable. Throws MissingRow. */
export const lookAtDeletion = (db: Db, userId: string, terms: LookTerms): Promise<DeletionLook> =>
  db.transaction(async (tx) => {
    const user = await lockAccount(tx, userId);
    const deletion = await lockOpenDeletion(tx, userId);
    if (deletion === null) return { kind: 'over' };
    const looked = { deletionId: deletion.id, finalAt: deletion.finalAt.toISOString() };
    if (deletion.status === 'erasing') return { kind: 'erase', ...looked };
    const now = new Date(await readClock(tx));
    const reminded = await remind(tx, deletion, now);
    const leftMs = deletion.finalAt.getTime() - now.getTime();
    if (reminded.status === 'scheduled' && leftMs > 0)
      return { kind: 'sleep', ...looked, dueInMs: Math.min(untilReminder(reminded, now), leftMs) };
    const open = await readOpenMoney(tx, userId);
    const waitsFor: readonly DeletionWait[] = reminded.heldAt === null ? open : [...open, 'hold'];
    if (waitsFor.length > 0) {
      const pays = await wait(tx, reminded, waitsFor, now);
      return { kind: 'waits', ...looked, waitsFor, pays, dueInMs: terms.lookEveryMs };
    }
    const dueInMs = terms.hasMailServer ? await tell(tx, reminded, now) : null;
    if (dueInMs !== null) {
      if (reminded.waitsFor.length > 0) await transitionDeletion(tx, reminded, 'waiting', { waitsFor: [] });
      return { kind: 'tells', ...looked, dueInMs };
    }
    await begin(tx, user, reminded, now);
    return { kind: 'erase', ...looked };
  });

/** Three days before; where less than six are left from the beginning, at half of them. */
function reminderAt({ requestedAt, finalAt }: AccountDeletion): number {
  const graceMs = finalAt.getTime() - requestedAt.getTime();
  return finalAt.getTime() - Math.min(REMINDER_MS, graceMs / 2);
}

const untilReminder = (deletion: AccountDeletion, now: Date): number =>
  deletion.remindedAt === null ? Math.max(Math.ceil(reminderAt(deletion) - now.getTime()), 1) : Infinity;

/** Late rather than not at all. */
async function remind(tx: Tx, deletion: AccountDeletion, now: Date): Promise<AccountDeletion> {
  if (deletion.remindedAt !== null || now.getTime() < reminderAt(deletion)) return deletion;
  await writeMail(tx, {
    userId: deletion.userId,
    kind: 'deletion_reminder',
    subject: mailSubject(deletion),
    params: { final_at: deletion.finalAt.toISOString() },
  });
  return transitionDeletion(tx, deletion, deletion.status, { remindedAt: now });
}

/** Notes what it waits for, and tells an operator after a week. Returns whether the balance is to be paid out. */
async function wait(
  tx: Tx,
  deletion: AccountDeletion,
  waitsFor: readonly DeletionWait[],
  now: Date,
): Promise<boolean> {
  const waitingSince = deletion.waitingSince ?? now;
  await transitionDeletion(tx, deletion, 'waiting', { waitsFor: [...waitsFor], waitingSince });
  const subject = deletionWorkflowId(deletion.userId);
  if (now.getTime() - waitingSince.getTime() >= FLAG_AFTER_MS)
    await raiseFlag(tx, 'deletion_waits', subject, `It waits for ${waitWordsOf(waitsFor).join(', ')}.`);
  const hasBalance = waitsFor.includes('balance_available');
  const isStopped = waitsFor.includes('account_barred') || waitsFor.includes('hold');
  if (hasBalance && deletion.paidOutAt !== null) await askForAccount(tx, deletion, waitsFor);
  return hasBalance && !isStopped && deletion.paidOutAt === null;
}

/** Once: a second mail of this subject is not written. */
export const askForAccount = (
  tx: Tx,
  deletion: AccountDeletion,
  waitsFor: readonly DeletionWait[],
): Promise<void> =>
  writeMail(tx, {
    userId: deletion.userId,
    kind: 'deletion_waits',
    subject: mailSubject(deletion),
    params: { waits: waitsFor.join(',') },
  });

/** Writes the last mail. Returns when to look again; null: it has gone, or never will. */
async function tell(tx: Tx, deletion: AccountDeletion, now: Date): Promise<number | null> {
  const mail = { kind: 'deletion_done', subject: mailSubject(deletion) } as const;
  const sold = await hasStripeAccount(tx, deletion.userId);
  await writeMail(tx, { ...mail, userId: deletion.userId, params: { sold } });
  const written = await readMailStatus(tx, mail);
  if (written?.status !== 'queued') return null;
  const ageMs = now.getTime() - written.queuedAt.getTime();
  return Math.min(Math.max(ageMs, MAIL_LOOK_MS.least), MAIL_LOOK_MS.most);
}

/** The point of no return. */
async function begin(tx: Tx, user: Account, deletion: AccountDeletion, now: Date): Promise<void> {
  await transitionDeletion(tx, deletion, 'erasing', { waitsFor: [], erasingAt: now });
  await shutForErasing(tx, user);
  await clearFlags(tx, 'deletion_waits', deletionWorkflowId(deletion.userId));
}

const mailSubject = ({ id, userId }: AccountDeletion) => `${deletionWorkflowId(userId)}/${id}`;
