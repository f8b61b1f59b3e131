import { eq } from 'drizzle-orm';
import { Secret, TOTP } from 'otpauth';
import { PasswordHasher, sealFor } from '../../db/accounts/index.ts';
import { users } from '../../db/accounts/schema.ts';
import { twoFactors } from '../../db/accounts/second-factor/schema.ts';
import type { Person, World } from '../harness/world.ts';

export interface CredentialsOfPerson {
  readonly email: string;
  readonly password: string;
  /** A code that was not used yet; of the step after, where one was. */
  code(): string;
}

const STEP_MS = 30_000;

/** Somebody may sign in by a password, and by a second factor unless they are to have none. */
export async function giveCredentials(
  { database: { db } }: Pick<World, 'database'>,
  { id: userId }: Pick<Person, 'id'>,
  { isTwoFactorOn = true }: { readonly isTwoFactorOn?: boolean } = {},
): Promise<CredentialsOfPerson> {
  const password = 'a quiet harbour at noon';
  const passwordHash = await new PasswordHasher({ atATime: 1 }).hash(password);
  const [user] = await db.update(users).set({ passwordHash }).where(eq(users.id, userId)).returning();
  if (user === undefined) throw new Error(`there is no user ${userId}`);
  const secret = new Secret({ size: 20 }).base32;
  if (isTwoFactorOn) {
    await db.transaction(async (tx) => {
      const place = { table: 'two_factors', column: 'secret', rowId: userId };
      const sealed = await sealFor(tx, userId, place, secret);
      await tx.insert(twoFactors).values({ userId, secret: sealed, confirmedAt: new Date() });
    });
  }
  let used = -1;
  return {
    email: user.email,
    password,
    code() {
      used += 1;
      return codeOf(secret, Date.now() + used * STEP_MS);
    },
  };
}

/** As an app shows it. */
export const codeOf = (secret: string, atMs: number): string =>
  new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 }).generate({
    timestamp: atMs,
  });
