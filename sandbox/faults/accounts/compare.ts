import { setTimeout as sleep } from 'node:timers/promises';
import type { CaughtMail } from '../../../stand-ins/smtp/control.ts';
import type { DatabaseWithSql } from '../../database.ts';
import type { Veza } from '../../cli/veza.ts';
import { MEMBERS_HOST } from './member.ts';

export interface ComparedAccounts {
  readonly accounts: number;
  readonly sessions: number;
  /** Mails that are rows, by where they stand. */
  readonly mails: Readonly<Record<string, number>>;
  /** Mails that the mail server took of them and of those in a request. */
  readonly taken: number;
  /** One line each. */
  readonly differences: readonly string[];
}

interface Books {
  readonly database: Pick<DatabaseWithSql, 'sql'>;
  readonly smtp: Pick<Veza['smtp'], 'control'>;
}

const OF_MEMBERS = `%@${MEMBERS_HOST}`;
const LOOK_EVERY_MS = 500;

/** Waits until no mail of theirs is queued any more, or so long; `wake` starts those that wait. */
export async function mailsRest(
  { sql }: Books['database'],
  wake: () => Promise<unknown>,
  withinMs: number,
): Promise<void> {
  const endsAtMs = Date.now() + withinMs;
  for (let looks = 0; Date.now() < endsAtMs; looks += 1) {
    const [row] = await sql<{ left: number }[]>`
      SELECT count(*)::int AS left FROM mails JOIN users ON users.id = user_id
      WHERE users.email LIKE ${OF_MEMBERS} AND mails.status = 'queued'`;
    if (row?.left === 0) return;
    if (looks % 20 === 0) await wake();
    await sleep(LOOK_EVERY_MS);
  }
}

/** Holds accounts, sessions and mails of the script's members against what the mail server took. All has to be at rest. */
export async function compareAccounts({ database: { sql }, smtp }: Books): Promise<ComparedAccounts> {
  const users = await sql<{ id: string; email: string; links: number }[]>`
    SELECT users.id, email, (SELECT count(*)::int FROM account_tokens t
      WHERE t.user_id = users.id AND t.purpose = 'verify_email' AND t.used_at IS NULL) AS links
    FROM users WHERE email LIKE ${OF_MEMBERS}`;
  const sessions = await sql<{ id: string; tokens: number; fresh: number; successors: number }[]>`
    SELECT s.id, count(*)::int AS tokens, (count(*) FILTER (WHERE t.used_at IS NULL))::int AS fresh,
      count(DISTINCT t.successor_id)::int AS successors
    FROM sessions s JOIN users u ON u.id = s.user_id JOIN refresh_tokens t ON t.session_id = s.id
    WHERE u.email LIKE ${OF_MEMBERS} GROUP BY s.id`;
  const rows = await sql<{ id: string; kind: string; status: string; is_empty: boolean }[]>`
    SELECT m.id, m.kind, m.status, m.params IS NULL AND m.recipient IS NULL AS is_empty
    FROM mails m JOIN users u ON u.id = m.user_id WHERE u.email LIKE ${OF_MEMBERS}`;
  const caught = smtp.control.messages().filter(({ to }) => to.endsWith(`@${MEMBERS_HOST}`));
  return {
    accounts: users.length,
    sessions: sessions.length,
    mails: countedBy(rows.map(({ status }) => status)),
    taken: caught.length,
    differences: [
      ...users.flatMap(({ email, links }) => accountDiffers(email, links, caught)),
      ...sessions.flatMap(({ id, tokens, fresh, successors }) =>
        fresh === 1 && successors === tokens - 1
          ? []
          : [`session ${id}: ${tokens} refresh tokens, ${fresh} of them not used, ${successors} successors`],
      ),
      ...mailsDiffer(rows, caught),
    ],
  };
}

function accountDiffers(email: string, links: number, caught: readonly CaughtMail[]): string[] {
  const isMailed = caught.some((mail) => mail.to === email && isOfRequest(mail));
  return [
    ...(isMailed ? [] : [`account ${email}: the mail server took no mail of its registration`]),
    ...(links <= 1 ? [] : [`account ${email}: ${links} links that would verify it`]),
  ];
}

/** Mails with a link, or about an account that is there already, are sent in a request, and are no rows. */
const isOfRequest = ({ links, subject }: CaughtMail) =>
  links.some((link) => link.includes('#token=')) || subject.includes('already');

function mailsDiffer(
  rows: readonly {
    readonly id: string;
    readonly kind: string;
    readonly status: string;
    readonly is_empty: boolean;
  }[],
  caught: readonly CaughtMail[],
): string[] {
  const taken = new Set(caught.filter((mail) => !isOfRequest(mail)).map(({ messageId }) => idOf(messageId)));
  const known = new Set(rows.map(({ id }) => id));
  return [
    ...rows.flatMap(({ id, kind, status, is_empty: isEmpty }) => [
      ...(['sent', 'refused', 'given_up'].includes(status) ? [] : [`mail ${id} (${kind}): still ${status}`]),
      ...(status === 'sent' && !taken.has(id) ? [`mail ${id} (${kind}): sent, and never taken`] : []),
      ...(['sent', 'refused'].includes(status) && !isEmpty ? [`mail ${id} (${kind}): not emptied`] : []),
    ]),
    ...[...taken]
      .filter((id) => !known.has(id))
      .map((id) => `a mail was sent under ${id}, which is no row's`),
  ];
}

const idOf = (messageId: string) => messageId.slice(1).split('@')[0] ?? '';

function countedBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
