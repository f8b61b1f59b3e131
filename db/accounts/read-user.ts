import { eq, sql } from 'drizzle-orm';
import type { OauthProvider } from '../../domain/accounts/sessions.ts';
import type { Db, Tx } from '../client.ts';
import { oauthAccounts } from './oauth/schema.ts';
import { users } from './schema.ts';
import { twoFactors } from './second-factor/schema.ts';

export type User = typeof users.$inferSelect;

/** An account as its person sees it. */
export interface OwnUser extends User {
  readonly isTwoFactorEnabled: boolean;
  readonly oauthProviders: readonly OauthProvider[];
}

const isTwoFactorEnabled = sql<boolean>`EXISTS (
  SELECT 1 FROM ${twoFactors} WHERE ${twoFactors.userId} = ${users.id} AND ${twoFactors.confirmedAt} IS NOT NULL)`;
// Named in full: among columns of one table the ORM leaves out its name, and "id" would be that of the link.
const oauthProviders = sql`ARRAY(
  SELECT linked.provider FROM ${oauthAccounts} AS linked WHERE linked.user_id = users.id ORDER BY 1)`.mapWith(
  // As the ORM reads an array of text.
  (given: string) => oauthAccounts.scopes.mapFromDriverValue(given) as OauthProvider[],
);

const read = async (db: Db | Tx, where: ReturnType<typeof eq>): Promise<OwnUser | null> => {
  const [row] = await db.select({ user: users, isTwoFactorEnabled, oauthProviders }).from(users).where(where);
  if (row === undefined) return null;
  const { user, ...more } = row;
  return { ...user, ...more };
};

export const readUser = (db: Db | Tx, userId: string): Promise<OwnUser | null> =>
  read(db, eq(users.id, userId));

/** Addresses are the same in whatever case. */
export const readUserByEmail = (db: Db | Tx, email: string): Promise<OwnUser | null> =>
  read(db, sql`lower(${users.email}) = lower(${email})`);
