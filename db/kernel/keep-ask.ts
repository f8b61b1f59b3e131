import { and, eq, getTableColumns, lt, ne, sql } from 'drizzle-orm';
import type { Ask } from '../../domain/kernel/messages.ts';
import type { Refusal } from '../../domain/errors.ts';
import type { Db, Tx } from '../client.ts';
import { asynchronousCommit } from './asynchronous-commit.ts';
import { asks } from './schema.ts';

/** A workflow that never started leaves its ask behind; a repeat of the call brings it again. */
const KEPT_DAYS = 30;

const isOf = <Asked extends Ask>(ask: Ask, kind: Asked['kind']): ask is Asked => ask.kind === kind;

/**
 * Keeps what somebody asks for, before the engine is notified. Where the id is kept already, the first ask stands and
 * is returned. It counts once it was opened or refused, and that COMMIT takes this one to the disk too: an ask that a
 * crash forgets is refused as one that nobody made, and may be made again.
 */
export async function keepAsk<Asked extends Ask>(db: Db, id: string, ask: Asked): Promise<Asked> {
  const stale = db.$with('stale').as(
    db
      .delete(asks)
      .where(and(lt(asks.createdAt, sql`now() - make_interval(days => ${KEPT_DAYS})`), ne(asks.id, id)))
      .returning({ id: asks.id }),
  );
  const [kept] = await db
    .with(stale)
    .insert(asks)
    .values({ id, ask })
    // Changes nothing, and returns the row that is there.
    .onConflictDoUpdate({ target: asks.id, set: { id } })
    .returning({ ...getTableColumns(asks), asynchronousCommit });
  if (kept === undefined || !isOf<Asked>(kept.ask, ask.kind)) throw new Error(`${id} is another kind of ask`);
  return kept.ask;
}

/** Undefined where nobody asked, the ask was opened since, or its refusal was read. */
export async function readAsk<Asked extends Ask>(
  db: Db | Tx,
  kind: Asked['kind'],
  id: string,
): Promise<(Asked & Pick<Ask, 'refused'>) | undefined> {
  const [kept] = await db.select().from(asks).where(eq(asks.id, id));
  return kept !== undefined && isOf<Asked>(kept.ask, kind) ? kept.ask : undefined;
}

/** Removes the ask: it is opened in this transaction, or its refusal was read, so nobody may open it again. */
export async function takeAsk(tx: Tx | Db, id: string): Promise<void> {
  await tx.delete(asks).where(eq(asks.id, id));
}

/**
 * Refuses, in the same transaction, an ask that it took. The refusal stays until the caller has read it: if a worker
 * is lost after this commit, another one is asked and must give the same answer.
 */
export async function refuseAsk(
  tx: Tx,
  id: string,
  ask: Ask,
  refused: Refusal,
): Promise<{ readonly refused: Refusal }> {
  await tx.insert(asks).values({ id, ask: { ...ask, refused } });
  return { refused };
}
