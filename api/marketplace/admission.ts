import type { Context } from 'hono';
import type { Db } from '../../db/client.ts';
import { readAsk, readIdempotencyKey } from '../../db/kernel/index.ts';
import type { IdempotencyKey } from '../../domain/kernel/index.ts';
import type { AskedOrder, AskedRefund } from '../../domain/marketplace/messages.ts';
import type { ApiEnv } from '../context.ts';
import { Admission, clientGone, UnderWay } from '../kernel/index.ts';
import type { MarketplaceConfig } from './config.ts';

const REFUNDS_AT_FIRST = 16;
/** A purchase waits so long for the PSP's answer (engine/port/marketplace.ts): no sign of an engine that is slow. */
const PAYMENT_ANSWER_WAIT_MS = 5_000;

/** How many refunds and purchases wait for the engine at a time: a number for each, since their waits are not alike. */
export function createAdmission({
  ENGINE_CALLS_MAX: atATimeMax,
  ENGINE_WAIT_MAX: answerWithinMs,
}: MarketplaceConfig) {
  const limits = { atATimeMax, answerWithinMs };
  return {
    refund: new Admission({ ...limits, atATimeAtFirst: REFUNDS_AT_FIRST }),
    // A slow PSP lets many wait, which costs the engine nothing.
    order: new Admission({ ...limits, atATimeAtFirst: atATimeMax, workMs: PAYMENT_ANSWER_WAIT_MS }),
    underWay: new UnderWay(),
  };
}

export type MarketplaceAdmission = ReturnType<typeof createAdmission>;

interface Asked {
  readonly kind: 'refund' | 'order';
  /** Belongs to the key. */
  readonly id: string;
  readonly idempotency: IdempotencyKey | undefined;
}

/**
 * Answers a call that asks for money under this id. It is known to be under way from its first look-up on, so that a
 * repeat is not told "no" while the first call is on its way to a turn, and nothing is kept of it.
 */
export const underItsId = <T>(c: Context<ApiEnv>, id: string, answer: () => Promise<T>): Promise<T> =>
  c.var.deps.admission.underWay.during(id, answer);

/**
 * Does in its turn what a caller asks for. A repeat that gets no turn is told whether the call before it may still be
 * carried out: who took that for "no" would ask for the same money again.
 */
export function inTurn<T>(c: Context<ApiEnv>, asked: Asked, work: () => Promise<T>): Promise<T> {
  const { db, admission, observer } = c.var.deps;
  const { kind, id, idempotency } = asked;
  return admission[kind].admit(work, {
    gone: () => clientGone(c),
    beforeRefusal: async (refusal) => {
      if (idempotency !== undefined) {
        // In this order: a call that is not under way any more has left in the database what it did.
        const mayStill = admission.underWay.hasOther(id) || (await mayBeOf(db, kind, id, idempotency));
        c.set('mayStillBeCarriedOut', mayStill);
      }
      if (refusal.code === 'engine_busy') observer.busy(kind, admission[kind].atATime);
    },
  });
}

/** Whether an earlier call under this key was carried out, or may be. */
async function mayBeOf(db: Db, kind: Asked['kind'], id: string, idempotency: IdempotencyKey) {
  const kept = await readAsk<AskedOrder | AskedRefund>(db, kind, id);
  if (kept !== undefined) return !kept.refused;
  // It is opened and answered in one transaction, which may have come between the two reads.
  return (await readIdempotencyKey(db, idempotency)) !== null;
}
