import { eq } from 'drizzle-orm';
import type { Refusal } from '../../domain/errors.ts';
import type { AskedOfSubscription, AskedSubscription } from '../../domain/subscriptions/asked.ts';
import type { AskOutcome, AskResult } from '../../domain/subscriptions/asks.ts';
import type { Db, Tx } from '../client.ts';
import { asks, idempotencyKeys } from '../kernel/schema.ts';

// An ask's row keeps its answer too: one that got lost on its way back is read there, or the ask is made once more.

type Asked = AskedSubscription | AskedOfSubscription;

/** What became of an ask: null while nothing has, or where nobody asked. */
export async function readAskResult(db: Db, askId: string): Promise<AskResult | null> {
  const [kept] = await db.select().from(asks).where(eq(asks.id, askId));
  return kept === undefined ? null : resultOf(kept.ask as Asked);
}

export function resultOf({ refused, answer }: Asked): AskResult | null {
  if (refused !== undefined) return { refused };
  return answer === undefined ? null : { done: answer };
}

/** Locks an ask, so that of two runs of its verb the second finds what the first answered; undefined where nobody asked. */
export async function lockAsk<Kind extends Asked['kind']>(
  tx: Tx,
  kind: Kind,
  askId: string,
): Promise<Extract<Asked, { readonly kind: Kind }> | undefined> {
  const [kept] = await tx.select().from(asks).where(eq(asks.id, askId)).for('update');
  if (kept === undefined || kept.ask.kind !== kind) return undefined;
  return kept.ask as Extract<Asked, { readonly kind: Kind }>;
}

export async function refuseAsk(tx: Tx, askId: string, ask: Asked, refused: Refusal): Promise<AskResult> {
  await tx
    .update(asks)
    .set({ ask: { ...ask, refused } })
    .where(eq(asks.id, askId));
  return { refused };
}

/** The answer counts for the idempotency key too, which outlives the ask. */
export async function answerAsk(tx: Tx, askId: string, ask: Asked, answer: AskOutcome): Promise<AskResult> {
  const answered: Asked = { ...ask, answer };
  await tx.update(asks).set({ ask: answered }).where(eq(asks.id, askId));
  if (ask.idempotency !== undefined)
    await tx
      .insert(idempotencyKeys)
      .values({ ...ask.idempotency, answer })
      .onConflictDoNothing();
  return { done: answer };
}
