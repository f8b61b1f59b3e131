import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { AuthenticationMethod, SessionKind } from '../../../domain/accounts/index.ts';
import type { Db, Tx } from '../../client.ts';
import { sessions } from './schema.ts';

/** How long a session lasts: at most, and while nobody uses it. */
export interface SessionTerms {
  readonly ttlMs: number;
  readonly idleMs: number;
}

export interface NewSession {
  readonly userId: string;
  readonly kind: SessionKind;
  readonly amr: readonly AuthenticationMethod[];
  readonly ttlMs: number;
  readonly ip?: string | null;
  readonly userAgent?: string | null;
}

export type Session = typeof sessions.$inferSelect;

/** `secret` is in the answer alone: 256 random bits, of which the row has the hash. */
export interface OpenedSession {
  readonly session: Session;
  readonly secret: string;
}

const SECRET_BYTES = 32;

/** Somebody has proved who they are: a session of its own, by the database's clock. */
export async function openSession(
  db: Db | Tx,
  { userId, kind, amr, ttlMs, ip = null, userAgent = null }: NewSession,
): Promise<OpenedSession> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const [session] = await db
    .insert(sessions)
    .values({
      id: uuidv7(),
      userId,
      kind,
      secretHash: hashOfSecret(secret),
      amr: [...amr],
      expiresAt: sql`now() + ${ttlMs} * interval '1 millisecond'`,
      ip,
      userAgent,
    })
    .returning();
  if (session === undefined) throw new Error('the session was not inserted');
  return { session, secret };
}

/** A secret of ours has 256 random bits, so a slow hash would add nothing. */
export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
