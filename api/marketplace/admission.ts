import type { Context } from 'hono';
import { readAsk, readIdempotencyKey } from '../../db/kernel/index.ts';
import type { IdempotencyKey } from '../../domain/kernel/index.ts';
import type { AskedOrder, AskedRefund } from '../../domain/marketplace/messages.ts';
import type { ApiEnv, ApiObserver } from '../context.ts';
import { Admission } from '../kernel/index.ts';
import type { MarketplaceConfig } from './config.ts';

const REFUNDS_AT_FIRST = 16;
/** A purchase waits so long for the PSP's answer (engine/port/marketplace.ts): no sign of an engine that is slow. */
const PAYMENT_ANSWER_WAIT_MS = 5_000;

/** How many refunds and purchases wait for the engine at a time: a number for each, since their waits are not alike. */
export function createAdmission(
  { ENGINE_CALLS_MAX: atATimeMax, ENGINE_WAIT_MAX: answerWithinMs }: MarketplaceConfig,
  observer: ApiObserver,
) {
  const limits = { atATimeMax, answerWithinMs };
  return {
    refund: new Admission({ ...limits, atATimeAtFirst: REFUNDS_AT_FIRST }, (atATime) =>
      observer.busy('refund', atATime),
    ),
    // A slow PSP lets many wait, which costs the engine nothing.
    order: new Admission(
      { ...limits, atATimeAtFirst: atATimeMax, workMs: PAYMENT_ANSWER_WAIT_MS },
      (atATime) => observer.busy('order', atATime),
    ),
  };
}

export type MarketplaceAdmission = ReturnType<typeof createAdmission>;

/**
 * Does in its turn what a caller asks for under this id, which belongs to the key. A repeat that gets no turn is told
 * whether the call before it may still be carried out: who took that for "no" would ask for the same money again.
 */
export function inTurn<T>(
  c: Context<ApiEnv>,
  asked: {
    readonly kind: 'refund' | 'order';
    readonly id: string;
    readonly idempotency: IdempotencyKey | undefined;
  },
  work: () => Promise<T>,
): Promise<T> {
  const { db, admission } = c.var.deps;
  const { kind, id, idempotency } = asked;
  return admission[kind].admit(work, async () => {
    if (idempotency === undefined) return;
    const kept = await readAsk<AskedOrder | AskedRefund>(db, kind, id);
    // It is opened and answered in one transaction, which may have come between the two reads.
    const mayStill =
      kept === undefined ? (await readIdempotencyKey(db, idempotency)) !== null : !kept.refused;
    c.set('mayStillBeCarriedOut', mayStill);
  });
}
