import { randomBytes } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import type { Db, Tx } from '../../client.ts';
import { hashOfSecret } from '../sessions/open.ts';
import { oauthCodes } from './schema.ts';

const GOOD_FOR_S = 60;
const CODE_BYTES = 32;

/** Makes what a browser gets a session for. The code is in the answer alone. */
export async function makeOauthCode(
  tx: Tx,
  { userId, browser }: { readonly userId: string; readonly browser: string },
): Promise<string> {
  const code = randomBytes(CODE_BYTES).toString('base64url');
  await tx.insert(oauthCodes).values({
    ...{ codeHash: hashOfSecret(code), userId, browserHash: hashOfSecret(browser) },
    expiresAt: sql`now() + ${GOOD_FOR_S} * interval '1 second'`,
  });
  return code;
}

const isGood = (code: string, browser: string) =>
  and(
    eq(oauthCodes.codeHash, hashOfSecret(code)),
    eq(oauthCodes.browserHash, hashOfSecret(browser)),
    gt(oauthCodes.expiresAt, sql`clock_timestamp()`),
  );

/** Whose a code is, for the browser that it was made for; null: it is not good. */
export async function readOauthCode(db: Db, code: string, browser: string): Promise<string | null> {
  const [row] = await db.select({ userId: oauthCodes.userId }).from(oauthCodes).where(isGood(code, browser));
  return row?.userId ?? null;
}

/** Uses a code up, once. Throws `token_invalid`. */
export async function useOauthCode(tx: Tx, code: string, browser: string): Promise<void> {
  const used = await tx
    .delete(oauthCodes)
    .where(isGood(code, browser))
    .returning({ userId: oauthCodes.userId });
  if (used.length === 0) throw oauthCodeInvalid();
}

export const oauthCodeInvalid = () =>
  new VezaError('token_invalid', 'The code was used, is over, or is of another browser: begin again.');
