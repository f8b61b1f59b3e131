import { and, eq } from 'drizzle-orm';
import { MAIL, type MailStatus } from '../../../domain/accounts/mail-machine.ts';
import type { Tx } from '../../client.ts';
import { assertTransition, transitionedOrStale } from '../../kernel/index.ts';
import { mails } from '../schema.ts';

export type MailRow = typeof mails.$inferSelect;

/** Changes a mail's status, or its fields in the same status; the only code that writes the status. */
export async function transitionMail(
  tx: Tx,
  mail: Pick<MailRow, 'id' | 'status'>,
  to: MailStatus,
  set: Partial<Omit<MailRow, 'id' | 'status'>> = {},
): Promise<MailRow> {
  assertTransition(MAIL, mail, to);
  const rows = await tx
    .update(mails)
    .set({ ...set, status: to })
    .where(and(eq(mails.id, mail.id), eq(mails.status, mail.status)))
    .returning();
  return transitionedOrStale(rows, MAIL, mail, to);
}
