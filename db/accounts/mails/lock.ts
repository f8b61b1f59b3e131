import { eq } from 'drizzle-orm';
import type { Tx } from '../../client.ts';
import { MissingRow } from '../../kernel/index.ts';
import { mails } from '../schema.ts';
import type { MailRow } from './transition.ts';

/** Locks a mail. Throws a MissingRow. */
export async function lockMail(tx: Tx, mailId: string): Promise<MailRow> {
  const [mail] = await tx.select().from(mails).where(eq(mails.id, mailId)).for('no key update');
  if (mail === undefined) throw new MissingRow('mail', mailId);
  return mail;
}
