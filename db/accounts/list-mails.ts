import { asc, inArray, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { among } from '../kernel/index.ts';
import { openParams } from './mails/open.ts';
import { type MailParams, mails } from './schema.ts';

/** A mail with what it says, as far as that can be read. */
export type Mail = Omit<typeof mails.$inferSelect, 'params'> & { readonly params: MailParams | null };

/** Mails that tell of rows with these ids, the oldest first: a mail's subject has the id behind the row's kind. */
export async function listMailsOf(db: Db, ids: readonly string[]): Promise<Mail[]> {
  const rows = await among(ids, (some) =>
    db
      .select()
      .from(mails)
      .where(inArray(sql`split_part(${mails.subject}, '/', 2)`, some))
      .orderBy(asc(mails.createdAt), asc(mails.id)),
  );
  // A story is told without what it cannot read.
  return Promise.all(
    rows.map(async (mail) => ({ ...mail, params: await openParams(db, mail).catch(() => null) })),
  );
}
