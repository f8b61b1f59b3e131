import { randomBytes } from 'node:crypto';
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { AuthenticationMethod } from '../../../domain/accounts/index.ts';
import type { Db, Tx } from '../../client.ts';
import { hashOfSecret } from './open.ts';
import { sessions } from './schema.ts';

const SECRET_BYTES = 32;

/** An open session was proved by one more method: it has another secret from here on, which is in the answer alone. */
export async function stepUp(db: Db, sessionId: string, method: AuthenticationMethod): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await db
    .update(sessions)
    .set({
      secretHash: hashOfSecret(secret),
      amr: sql`CASE WHEN ${method}::text = ANY(${sessions.amr}) THEN ${sessions.amr} ELSE ${sessions.amr} || ARRAY[${method}::text] END`,
      authenticatedAt: sql`now()`,
    })
    .where(and(eq(sessions.id, sessionId), isNull(sessions.endedAt)));
  return secret;
}

/** The second factor is off: a session that it proved is one by the first alone. */
export async function forgetSecondFactor(tx: Tx, sessionId: string): Promise<void> {
  await tx
    .update(sessions)
    .set({ amr: sql`array_remove(array_remove(${sessions.amr}, 'otp'), 'backup')` })
    .where(eq(sessions.id, sessionId));
}
