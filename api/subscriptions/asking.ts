import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { keepAsk, readAsk, readIdempotencyKey, takeAsk } from '../../db/kernel/index.ts';
import { readAskResult } from '../../db/subscriptions/kept-ask.ts';
import { VezaError } from '../../domain/errors.ts';
import type { IdempotencyKey } from '../../domain/kernel/index.ts';
import type {
  AskAnswer,
  AskedOfSubscription,
  AskedSubscription,
  AskOutcome,
} from '../../domain/subscriptions/index.ts';
import type { ApiEnv } from '../context.ts';
import { assertSameBody, clientGone } from '../kernel/index.ts';

/** What an ask has led to. `refusedByPsp`: there is no payment, and why. */
export interface Asked {
  readonly outcome: AskOutcome;
  readonly refusedByPsp: string | null;
}

/** An ask that is kept as a row and told to the engine. */
interface Ask {
  readonly id: string;
  readonly asked: AskedSubscription | AskedOfSubscription;
  /** Tells the engine, and waits for its answer. May be called again. */
  readonly tell: () => Promise<AskAnswer>;
}

/** Another call under the same key may have read the refusal and taken the ask with it. */
const TRIES = 3;

/**
 * Has an ask carried out, in its turn. It is kept before the engine is told, so the answer is on its row too, where one gets
 * lost on its way. A refusal leaves nothing behind.
 */
export function carryOut(c: Context<ApiEnv>, ask: Ask): Promise<Asked> {
  const { askAdmission, admission, observer } = c.var.deps;
  return askAdmission.admit(() => keepAndTell(c, ask), {
    gone: () => clientGone(c),
    beforeRefusal: async ({ code }) => {
      if (ask.asked.idempotency !== undefined) {
        // In this order: a call that is not under way any more has left in the database what it did.
        const mayStill = admission.underWay.hasOther(ask.id) || (await mayBeDone(c, ask));
        c.set('mayStillBeCarriedOut', mayStill);
      }
      if (code === 'engine_busy') observer.busy('subscription', askAdmission.atATime);
    },
  });
}

/** Whether an earlier call under this key was carried out, or may be. */
async function mayBeDone(c: Context<ApiEnv>, { id, asked }: Ask): Promise<boolean> {
  const kept = await readAsk(c.var.deps.db, asked.kind, id);
  return kept === undefined ? (await findOutcome(c, asked.idempotency)) !== null : !kept.refused;
}

async function keepAndTell(c: Context<ApiEnv>, { id, asked, tell }: Ask): Promise<Asked> {
  const { db } = c.var.deps;
  const { idempotency } = asked;
  c.set('mayStillBeCarriedOut', true);
  for (let tries = 1; ; tries += 1) {
    const kept = await keepAsk<AskedSubscription | AskedOfSubscription>(db, id, asked);
    assertSameBody(idempotency, kept.idempotency?.bodyHash ?? null);
    const answer = await answerOf(c, id, tell);
    if ('done' in answer) {
      return {
        outcome: answer.done,
        refusedByPsp: answer.psp.kind === 'refused' ? answer.psp.detail : null,
      };
    }
    if ('elsewhere' in answer) throw new Error(`ask ${id} was sent elsewhere, and nobody went there`);
    const wasTaken = (await readAsk(db, asked.kind, id)) === undefined;
    if (wasTaken && tries < TRIES) continue;
    await takeAsk(db, id);
    throw VezaError.from(answer.refused);
  }
}

/** An answer may get lost where its workflow begins anew: the ask's row has it, or the ask is told once more. */
async function answerOf(c: Context<ApiEnv>, askId: string, tell: Ask['tell']): Promise<AskAnswer> {
  for (let isLast = false; ; isLast = true) {
    try {
      return await tell();
    } catch (error) {
      if (!(error instanceof VezaError) || error.code !== 'engine_unavailable') throw error;
      const kept = await readAskResult(c.var.deps.db, askId);
      if (kept !== null) return 'done' in kept ? { ...kept, psp: { kind: 'unanswered' } } : kept;
      if (isLast) throw error;
    }
  }
}

/**
 * Has a call judged before the engine is asked, which decides again. Where it is refused, the call that it repeats may have
 * been carried out since it was looked up: then its outcome counts.
 */
export async function judgeFirst<Judged>(
  c: Context<ApiEnv>,
  idempotency: IdempotencyKey | undefined,
  judge: () => Promise<Judged>,
): Promise<Asked | { readonly judged: Judged }> {
  try {
    return { judged: await judge() };
  } catch (refusal) {
    const outcome = await findOutcome(c, idempotency);
    if (outcome === null) throw refusal;
    return { outcome, refusedByPsp: null };
  }
}

const Outcome = z.object({
  subscriptionId: z.string(),
  invoiceId: z.string().exactOptional(),
  attemptId: z.string().exactOptional(),
  setupId: z.string().exactOptional(),
  changeId: z.string().exactOptional(),
  replacedId: z.string().exactOptional(),
});
/** Free begins and ends without the engine, and its answer is kept as an operator's is. */
const StoredAnswer = z.union([Outcome, z.object({ shown: Outcome }).transform(({ shown }) => shown)]);

/** What was done under this key; null where it is new. Throws where it came with another body. */
export async function findOutcome(
  c: Context<ApiEnv>,
  idempotency: IdempotencyKey | undefined,
): Promise<AskOutcome | null> {
  const stored = idempotency ? await readIdempotencyKey(c.var.deps.db, idempotency) : null;
  if (stored === null) return null;
  assertSameBody(idempotency, stored.bodyHash);
  return StoredAnswer.parse(stored.answer);
}
