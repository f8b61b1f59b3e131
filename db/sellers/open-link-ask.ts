import { and, eq, lt, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Db } from '../client.ts';
import { accountLinkAsks } from './schema.ts';

/** Where Stripe's forms send the seller: only the attempt that needs it reads it, and no history holds it. */
export interface LinkPages {
  readonly returnUrl: string;
  readonly refreshUrl: string;
}

/** Keeps the pages while somebody waits for the link; also removes those that a lost process left. */
export async function openLinkAsk(db: Db, userId: string, pages: LinkPages): Promise<string> {
  const id = uuidv7();
  await db.transaction(async (tx) => {
    const isLeft = lt(accountLinkAsks.createdAt, sql`now() - interval '1 hour'`);
    await tx.delete(accountLinkAsks).where(and(eq(accountLinkAsks.userId, userId), isLeft));
    await tx.insert(accountLinkAsks).values({ id, userId, ...pages });
  });
  return id;
}

/** Null where nobody waits any more. */
export async function readLinkAsk(db: Db, id: string): Promise<LinkPages | null> {
  const [row] = await db.select().from(accountLinkAsks).where(eq(accountLinkAsks.id, id));
  return row === undefined ? null : { returnUrl: row.returnUrl, refreshUrl: row.refreshUrl };
}

export async function closeLinkAsk(db: Db, id: string): Promise<void> {
  await db.delete(accountLinkAsks).where(eq(accountLinkAsks.id, id));
}
