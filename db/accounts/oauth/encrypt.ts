import { and, asc, count, eq, gt, isNotNull, notLike, or, type SQL } from 'drizzle-orm';
import { VezaError } from '../../../domain/errors.ts';
import { isSealed } from '../../../domain/kernel/index.ts';
import type { Db } from '../../client.ts';
import { sealFor } from '../sealing/person.ts';
import { oauthAccounts } from './schema.ts';
import { placeOfToken } from './tokens.ts';

export interface Encrypted {
  /** Rows that held a plain token. */
  readonly rows: number;
  /** Tokens that were sealed; in a dry run, that would be. */
  readonly tokens: number;
  /** Rows of people who have left, which stay as they are: nothing is sealed for them any more. */
  readonly left: number;
}

const BATCH_ROWS = 200;

/** Its prefix alone says that a value is sealed: one that looks like hex, or like another system's, is not. */
const isPlain = or(
  and(isNotNull(oauthAccounts.accessToken), notLike(oauthAccounts.accessToken, 'enc:1:%')),
  and(isNotNull(oauthAccounts.refreshToken), notLike(oauthAccounts.refreshToken, 'enc:1:%')),
);

/**
 * Seals the tokens that an older system left plain, a row at a time, also where one of a row's two is sealed already. May be
 * stopped and run again: what is sealed is left alone. `show` is told how far it is.
 */
export async function encryptOauthTokens(
  db: Db,
  isDryRun: boolean,
  show: (done: number, total: number) => void,
): Promise<Encrypted> {
  const [plain] = await db.select({ rows: count() }).from(oauthAccounts).where(isPlain);
  const total = plain?.rows ?? 0;
  let [rows, tokens, left] = [0, 0, 0];
  show(0, total);
  for (let after: string | undefined; ;) {
    const batch = await db
      .select({ id: oauthAccounts.id })
      .from(oauthAccounts)
      .where(and(isPlain, after === undefined ? undefined : gt(oauthAccounts.id, after)))
      .orderBy(asc(oauthAccounts.id))
      .limit(BATCH_ROWS);
    for (const { id } of batch) {
      const sealed = await sealRow(db, and(eq(oauthAccounts.id, id), isPlain), isDryRun);
      if (sealed === null) left += 1;
      else if (sealed > 0) rows += 1;
      tokens += sealed ?? 0;
      show(rows + left, total);
    }
    after = batch.at(-1)?.id;
    if (batch.length < BATCH_ROWS) return { rows, tokens, left };
  }
}

/** How many tokens of the row were sealed; null: its person has left. The row is locked: a sign-in may bring new tokens. */
const sealRow = (db: Db, isIt: SQL | undefined, isDryRun: boolean): Promise<number | null> =>
  db
    .transaction(async (tx) => {
      const [row] = await tx.select().from(oauthAccounts).where(isIt).for('update');
      if (row === undefined) return 0;
      const { id, userId, accessToken, refreshToken } = row;
      const plain = [accessToken, refreshToken].filter((token) => token !== null && !isSealed(token));
      if (isDryRun) return plain.length;
      const seal = async (column: 'access_token' | 'refresh_token', token: string | null) =>
        token === null || isSealed(token) ? token : sealFor(tx, userId, placeOfToken(column, id), token);
      await tx
        .update(oauthAccounts)
        .set({
          accessToken: await seal('access_token', accessToken),
          refreshToken: await seal('refresh_token', refreshToken),
        })
        .where(eq(oauthAccounts.id, id));
      return plain.length;
    })
    .catch((error: unknown) => {
      if (error instanceof VezaError && error.code === 'user_not_found') return null;
      throw error;
    });
