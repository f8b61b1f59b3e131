import { eq, lt, sql } from 'drizzle-orm';
import type { Ask } from '../../domain/kernel/messages.ts';
import type { Refusal } from '../../domain/errors.ts';
import type { Db, Tx } from '../client.ts';
import { asks } from './schema.ts';

/** A workflow that never started leaves its ask behind; whoever repeats the call gives it again. */
const KEPT_DAYS = 30;

const isOf = <Asked extends Ask>(ask: Ask, kind: Asked['kind']): ask is Asked => ask.kind === kind;

/**
 * Keeps what somebody asks for, before the engine is told. Under an id that is kept already the first stands, and is
 * returned.
 */
export async function keepAsk<Asked extends Ask>(db: Db, id: string, ask: Asked): Promise<Asked> {
  return db.transaction(async (tx) => {
    await tx.delete(asks).where(lt(asks.createdAt, sql`now() - make_interval(days => ${KEPT_DAYS})`));
    const [kept] = await tx
      .insert(asks)
      .values({ id, ask })
      // Changes nothing, and returns the row that is there.
      .onConflictDoUpdate({ target: asks.id, set: { id } })
      .returning();
    if (kept === undefined || !isOf<Asked>(kept.ask, ask.kind))
      throw new Error(`${id} is another kind of ask`);
    return kept.ask;
  });
}

/** Undefined where nobody asked for it, it has been opened since, or its refusal was read. */
export async function readAsk<Asked extends Ask>(
  db: Db,
  kind: Asked['kind'],
  id: string,
): Promise<(Asked & Pick<Ask, 'refused'>) | undefined> {
  const [kept] = await db.select().from(asks).where(eq(asks.id, id));
  return kept !== undefined && isOf<Asked>(kept.ask, kind) ? kept.ask : undefined;
}

/** What was asked for is opened in this transaction, or whoever asked has read its refusal: no other may open it. */
export async function takeAsk(tx: Tx | Db, id: string): Promise<void> {
  await tx.delete(asks).where(eq(asks.id, id));
}

/**
 * What was asked for, and taken in this transaction, is refused in it. The refusal stays until whoever asked has read it:
 * where a worker is lost after this commit, another one is asked, and must say the same.
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
