import { eq } from 'drizzle-orm';
import { VezaError } from '../../domain/errors.ts';
import type { Db } from '../client.ts';
import { lockNamed } from '../kernel/index.ts';
import { lockAccount } from './lock-account.ts';
import { userProfiles } from './schema.ts';

/** What others see of a person. */
export interface Profile {
  readonly displayName: string;
  readonly bio: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  readonly links: readonly string[];
}

/** Null: they have said nothing of themselves. */
export async function readProfile(db: Db, userId: string): Promise<Profile | null> {
  const [row] = await db.select().from(userProfiles).where(eq(userProfiles.userId, userId));
  return row ?? null;
}

/** Puts what a person says of themselves in the place of what they said before. Throws `user_not_found`, also of who is erased. */
export const putProfile = (db: Db, userId: string, profile: Profile): Promise<void> =>
  db.transaction(async (tx) => {
    const { status } = await lockNamed(tx, 'user', userId, lockAccount);
    if (status === 'erasing' || status === 'erased') {
      throw new VezaError('user_not_found', `There is no user ${userId}.`);
    }
    const said = { ...profile, links: [...profile.links] };
    await tx
      .insert(userProfiles)
      .values({ userId, ...said })
      .onConflictDoUpdate({ target: userProfiles.userId, set: said });
  });
