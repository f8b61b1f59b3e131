import { and, eq, gt, sql } from 'drizzle-orm';
import type { OauthProvider } from '../../../domain/accounts/index.ts';
import type { Sealed } from '../../../domain/kernel/index.ts';
import type { Db, Tx } from '../../client.ts';
import { ringOf } from '../../key-ring.ts';
import { openUnderRing, sealUnderRing } from '../sealing/ring.ts';
import { hashOfSecret } from '../sessions/open.ts';
import { oauthCodes, oauthStates } from './schema.ts';

const GOOD_FOR_MIN = 10;

/** A way to a provider and back. */
export interface OauthWay {
  readonly provider: OauthProvider;
  /** Who links their account there; null: somebody signs in. */
  readonly userId: string | null;
  /** The session that they do it in. */
  readonly sessionId: string | null;
  readonly codeVerifier: string;
  readonly nonce: string;
  readonly redirectUrl: string;
}

/** What comes back with the browser: by both a way is found again. Rows have their hashes alone. */
interface OauthSecrets {
  readonly state: string;
  /** In the browser's cookie. */
  readonly browser: string;
}

const placeOf = (stateHash: string) => ({ table: 'oauth_states', column: 'code_verifier', rowId: stateHash });

/** Keeps a way that somebody begins, for ten minutes. */
export async function beginOauth(db: Db, way: OauthWay, { state, browser }: OauthSecrets): Promise<void> {
  const stateHash = hashOfSecret(state);
  await db.insert(oauthStates).values({
    stateHash,
    ...{ provider: way.provider, userId: way.userId, sessionId: way.sessionId },
    ...{ nonce: way.nonce, redirectUrl: way.redirectUrl },
    purpose: way.userId === null ? 'sign_in' : 'link',
    codeVerifier: sealUnderRing(ringOf(db), placeOf(stateHash), way.codeVerifier),
    browserHash: hashOfSecret(browser),
    expiresAt: sql`now() + ${GOOD_FOR_MIN} * interval '1 minute'`,
  });
}

/** Takes a way, once, for the browser that began it; null: there is none, it is over, or it is another browser's. */
export async function takeOauth(
  db: Db,
  provider: OauthProvider,
  { state, browser }: OauthSecrets,
): Promise<OauthWay | null> {
  const stateHash = hashOfSecret(state);
  const [taken] = await db
    .delete(oauthStates)
    .where(
      and(
        eq(oauthStates.stateHash, stateHash),
        eq(oauthStates.provider, provider),
        eq(oauthStates.browserHash, hashOfSecret(browser)),
        gt(oauthStates.expiresAt, sql`now()`),
      ),
    )
    .returning();
  if (taken === undefined) return null;
  const opened = openUnderRing(ringOf(db), placeOf(stateHash), taken.codeVerifier as Sealed);
  const { userId, sessionId, nonce, redirectUrl } = taken;
  return { provider, userId, sessionId, codeVerifier: opened.toString(), nonce: nonce ?? '', redirectUrl };
}

/** Ends what somebody has begun at providers: ways to link an account, and codes that a session is given for. */
export async function endOauth(tx: Tx, userId: string): Promise<void> {
  await tx.delete(oauthStates).where(eq(oauthStates.userId, userId));
  await tx.delete(oauthCodes).where(eq(oauthCodes.userId, userId));
}
