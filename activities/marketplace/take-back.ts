import type { ReversalWork } from '../../db/marketplace/labels.ts';
import { isUnavailable } from '../../db/unavailable.ts';
import type { Attempt, AttemptRequest } from '../../domain/kernel/index.ts';
import type { ReversalStatus } from '../../domain/marketplace/reversal-machine.ts';
import type { MarketplaceDeps } from './deps.ts';
import { startAll } from './follow-up.ts';

/** What became of a refund's reversals within its own workflow. */
export interface TakenBack {
  /** How many took the money back. */
  readonly reversed: number;
  /** Ids of those that wait or failed, each in a workflow of its own. */
  readonly handedOver: readonly string[];
}

/** That an attempt is made by the refund's workflow, which does not wait for Stripe as long as others do. */
export interface WithinRefund {
  readonly answerWithinMs: number;
}

/** `withinRefund`: Stripe carried it out at such an attempt, which the row says. Older histories lack it. */
export type AttemptWithin = Attempt<ReversalStatus> & { readonly withinRefund?: true };

/**
 * How many such attempts a process makes at a time; what finds no room has a workflow of its own at once. A refund holds
 * one of the queue's 40 workflow tasks while Stripe is asked, and each attempt one of its 100 local activities (what the
 * SDK gives a worker): a Stripe that hangs leaves at least 32 tasks for buyers. One that answers in a fifth of a second
 * has 40 a second of a process, which is all of the direct lane (ADR 5).
 */
const AT_A_TIME = 8;
/** Stripe takes a second or two at most when it is well. Beyond this the refund does not wait for it. */
const ANSWER_WITHIN_MS = 4_000;

export function createTakeBackActivities(
  { engine, log }: Pick<MarketplaceDeps, 'engine' | 'log'>,
  attempt: (
    request: { readonly reversalId: string } & AttemptRequest,
    within: WithinRefund,
  ) => Promise<AttemptWithin | 'queue'>,
) {
  let underWay = 0;

  /** Now or at an earlier run of this. What ended in another way has a workflow, or is given one that ends at once. */
  async function isDone({ reversalId }: ReversalWork): Promise<boolean> {
    if (underWay >= AT_A_TIME) return false;
    underWay += 1;
    try {
      const request = { reversalId, generation: 1, now: false };
      const found = await attempt(request, { answerWithinMs: ANSWER_WITHIN_MS });
      return found !== 'queue' && found.withinRefund === true;
    } catch (error) {
      // Nothing is known of the call. Its workflow repeats it under the same key, and shows what goes on failing.
      if (isUnavailable(error))
        log.warn({ reversalId, err: error }, 'the database was away at the first attempt of a reversal');
      else log.error({ reversalId, err: error }, 'the first attempt of a reversal failed');
      return false;
    } finally {
      underWay -= 1;
    }
  }

  return {
    /**
     * The first attempt of each reversal that a refund has opened, all at once, within the refund's workflow task: most
     * are done here, and cost the engine nothing more. Whatever waits, or failed for good, gets a workflow of its own, where
     * people look for it.
     */
    async takeBack(reversals: readonly ReversalWork[]): Promise<TakenBack> {
      const done = await Promise.all(reversals.map(isDone));
      const others = reversals.filter((_, index) => !done[index]);
      await startAll(others, (reversal) => engine.startReversal(reversal));
      return {
        reversed: reversals.length - others.length,
        handedOver: others.map(({ reversalId }) => reversalId),
      };
    },
  };
}
