import { and, eq, getTableColumns, gt, inArray, isNull, or, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Db, Tx } from '../client.ts';
import { users, apiKeys, apiKeyUsage } from './schema.ts';
import { keyset, type Page, type PageAsk, toPage } from '../kernel/index.ts';

const { keyHash: _, ...SHOWN } = getTableColumns(apiKeys);
/** Read from the counts of calls, so that it costs no write of its own. */
const lastUsedAt = sql<Date | null>`(
  SELECT max(${apiKeyUsage.lastUsedAt}) FROM ${apiKeyUsage} WHERE ${apiKeyUsage.keyId} = ${apiKeys.id}
)`.mapWith(apiKeyUsage.lastUsedAt);

/**
 * Whether the key acts as somebody other than its maker, and the maker is no admin any more, or their account is not open: then
 * it does not work.
 */
const isMakerGone = sql<boolean>`(
  ${apiKeys.madeBy} <> ${apiKeys.userId} AND NOT EXISTS (
    SELECT 1 FROM ${users} WHERE ${users.id} = ${apiKeys.madeBy} AND ${users.role} = 'admin' AND ${users.status} = 'active'
  )
)`;

/** All of a key except its hash, which leaves the database only to be compared. */
export type ApiKeyRow = Omit<typeof apiKeys.$inferSelect, 'keyHash'> & {
  readonly lastUsedAt: Date | null;
  readonly isMakerGone: boolean;
};

export async function readApiKey(db: Db | Tx, id: string): Promise<ApiKeyRow | null> {
  const [row] = await db
    .select({ ...SHOWN, lastUsedAt, isMakerGone })
    .from(apiKeys)
    .where(eq(apiKeys.id, id));
  return row ?? null;
}

export async function listApiKeys(
  db: Db,
  { userId, ask }: { userId: string | undefined; ask: PageAsk },
): Promise<Page<ApiKeyRow>> {
  const { after, orderBy, limit } = keyset(apiKeys, apiKeys.createdAt, apiKeys.id, ask);
  const rows = await db
    .select({ ...SHOWN, lastUsedAt, isMakerGone })
    .from(apiKeys)
    .where(and(userId === undefined ? undefined : eq(apiKeys.userId, userId), after))
    .orderBy(...orderBy)
    .limit(limit);
  return toPage(rows, ask);
}

const maker = alias(users, 'maker');
const ofAnother = sql<boolean>`(
  ${apiKeys.madeBy} <> ${apiKeys.userId}
  AND (${maker.role} IS DISTINCT FROM 'admin' OR ${maker.status} IS DISTINCT FROM 'active')
)`;

/**
 * What decides whether a key works, with its user's role as it is now, in one read. Null: no key begins with this
 * prefix.
 */
export async function readKeyByPrefix(db: Db, prefix: string) {
  const [row] = await db
    .select({ ...getTableColumns(apiKeys), role: users.role, status: users.status, isMakerGone: ofAnother })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .leftJoin(maker, eq(maker.id, apiKeys.madeBy))
    .where(eq(apiKeys.prefix, prefix));
  return row ?? null;
}

/** Which of these keys still work. */
export async function readOpenKeyIds(db: Db, ids: readonly string[], at: Date): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .leftJoin(maker, eq(maker.id, apiKeys.madeBy))
    .where(
      and(
        inArray(apiKeys.id, [...ids]),
        isNull(apiKeys.revokedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at)),
        sql`${ofAnother} IS NOT TRUE`,
      ),
    );
  return new Set(rows.map(({ id }) => id));
}
