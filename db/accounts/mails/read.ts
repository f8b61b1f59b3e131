import { eq } from 'drizzle-orm';
import type { Db } from '../../client.ts';
import { mails } from '../schema.ts';
import type { MailRow } from './transition.ts';

/** Null where there is no such mail. */
export async function readMail(db: Db, mailId: string): Promise<MailRow | null> {
  const [mail] = await db.select().from(mails).where(eq(mails.id, mailId));
  return mail ?? null;
}
