import { asc, inArray, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { among } from '../kernel/index.ts';
import { mails } from './schema.ts';

export type Mail = typeof mails.$inferSelect;

/** Mails that tell of rows with these ids, the oldest first: a mail's subject has the id behind the row's kind. */
export const listMailsOf = (db: Db, ids: readonly string[]): Promise<Mail[]> =>
  among(ids, (some) =>
    db
      .select()
      .from(mails)
      .where(inArray(sql`split_part(${mails.subject}, '/', 2)`, some))
      .orderBy(asc(mails.createdAt), asc(mails.id)),
  );
