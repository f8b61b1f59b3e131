import { createHash, randomBytes } from 'node:crypto';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { VezaError } from '../../../domain/errors.ts';
import type { AccountTokenPurpose } from '../../../domain/accounts/index.ts';
import type { Tx } from '../../client.ts';
import { users } from '../schema.ts';
import { sealFor } from '../sealing/person.ts';
import { accountTokens } from './schema.ts';

type AccountToken = typeof accountTokens.$inferSelect;

const TOKEN_BYTES = 32;
const GOOD_FOR_H: Readonly<Record<AccountTokenPurpose, number>> = {
  verify_email: 24,
  reset_password: 1,
  change_email: 24,
  invitation: 24,
};

export const placeOfNewEmail = (tokenId: string) => ({
  table: 'account_tokens',
  column: 'new_email',
  rowId: tokenId,
});

/** What a link proves a mailbox by. */
export const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url');

/** Makes a token good; an older link of this purpose is dead. Rows have its hash alone. */
export async function makeAccountToken(
  tx: Tx,
  {
    userId,
    purpose,
    newEmail = null,
    passwordHash = null,
    token = newToken(),
  }: {
    readonly userId: string;
    readonly purpose: AccountTokenPurpose;
    readonly newEmail?: string | null;
    /** Theirs once the link is followed. */
    readonly passwordHash?: string | null;
    /** A new one, unless a mail has it already. */
    readonly token?: string;
  },
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  await withdrawTokens(tx, userId, [purpose]);
  const id = uuidv7();
  const [made] = await tx
    .insert(accountTokens)
    .values({
      ...{ id, userId, purpose, passwordHash, tokenHash: hashOfToken(token) },
      newEmail: newEmail === null ? null : await sealFor(tx, userId, placeOfNewEmail(id), newEmail),
      expiresAt: sql`now() + ${GOOD_FOR_H[purpose]} * interval '1 hour'`,
    })
    .returning({ expiresAt: accountTokens.expiresAt });
  if (made === undefined) throw new Error('the token was not inserted');
  return { token, expiresAt: made.expiresAt };
}

/** Links that were not followed yet are dead from here on; of these purposes, or all. */
export async function withdrawTokens(
  tx: Tx,
  userId: string,
  purposes?: readonly AccountTokenPurpose[],
): Promise<void> {
  await tx
    .delete(accountTokens)
    .where(
      and(
        eq(accountTokens.userId, userId),
        isNull(accountTokens.usedAt),
        purposes === undefined ? undefined : inArray(accountTokens.purpose, [...purposes]),
      ),
    );
}

/** Locks the account that a token is of, before the token: in that order all links are made and withdrawn. Throws `token_invalid`. */
export async function lockOwner(tx: Tx, token: string): Promise<typeof users.$inferSelect> {
  const [row] = await tx
    .select({ user: users })
    .from(accountTokens)
    .innerJoin(users, eq(users.id, accountTokens.userId))
    .where(eq(accountTokens.tokenHash, hashOfToken(token)))
    .for('no key update', { of: users });
  if (row === undefined) throw tokenInvalid();
  return row.user;
}

/** Uses a link's token up: of two who do so at once, one gets it. Throws `token_invalid`: unknown, used, withdrawn or expired. */
export async function useToken(
  tx: Tx,
  token: string,
  purposes: readonly AccountTokenPurpose[],
): Promise<AccountToken> {
  const [used] = await tx
    .update(accountTokens)
    .set({ usedAt: sql`clock_timestamp()`, passwordHash: null })
    .where(
      and(
        eq(accountTokens.tokenHash, hashOfToken(token)),
        inArray(accountTokens.purpose, [...purposes]),
        isNull(accountTokens.usedAt),
        sql`${accountTokens.expiresAt} > clock_timestamp()`,
      ),
    )
    .returning();
  if (used === undefined) throw tokenInvalid();
  return used;
}

export const tokenInvalid = () =>
  new VezaError('token_invalid', 'The link was used, has expired, or a newer one has taken its place.');

/** A token of ours has 256 random bits, so a slow hash would add nothing. */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');
