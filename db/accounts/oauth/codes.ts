import { randomBytes } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
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

/** Takes a code, once, for the browser that it was made for. Returns whose it is; null: it is not good. */
export async function takeOauthCode(db: Db, code: string, browser: string): Promise<string | null> {
  const [taken] = await db
    .delete(oauthCodes)
    .where(
      and(
        eq(oauthCodes.codeHash, hashOfSecret(code)),
        eq(oauthCodes.browserHash, hashOfSecret(browser)),
        gt(oauthCodes.expiresAt, sql`now()`),
      ),
    )
    .returning({ userId: oauthCodes.userId });
  return taken?.userId ?? null;
}
