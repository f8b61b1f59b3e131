import { and, asc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { MailKind } from '../../../domain/mails.ts';
import type { Db } from '../../client.ts';
import { mails } from '../schema.ts';

/** A mail for whoever starts its workflow. */
export interface MailLabel {
  readonly mailId: string;
  readonly userId: string | null;
  readonly kind: MailKind;
}

export interface WaitingMails {
  readonly mails: readonly MailLabel[];
  /** Behind which the next batch begins; null: this was the last. */
  readonly next: string | null;
}

/** An attempt that is so long overdue has no workflow any more. */
const OVERDUE = sql`now() - interval '2 minutes'`;

/** Queued mails that nobody has tried yet, or whose next attempt is overdue, by their ids: the oldest first. */
export async function listWaitingMails(
  db: Db,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<WaitingMails> {
  const rows = await db
    .select({ mailId: mails.id, userId: mails.userId, kind: mails.kind })
    .from(mails)
    .where(
      and(
        eq(mails.status, 'queued'),
        or(isNull(mails.nextAttemptAt), lt(mails.nextAttemptAt, OVERDUE)),
        after === null ? undefined : gt(mails.id, after),
      ),
    )
    .orderBy(asc(mails.id))
    .limit(limit);
  return { mails: rows, next: rows.length < limit ? null : (rows.at(-1)?.mailId ?? null) };
}
