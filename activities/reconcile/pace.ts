import { setTimeout as sleep } from 'node:timers/promises';
import type { ReconcileDeps } from './deps.ts';

const LOOK_AGAIN_MS = 100;
/** A queue whose workers are switched off slows a batch down by this time at most. */
const PATIENCE_MS = 10_000;

/** Keeps a sweep from notifying workflows faster than workers run them: buyers wait in the same queues. */
export interface Pace {
  /** A workflow was notified or started. */
  told(workflowId: string): void;
  /** Resolves when workers have taken up the last notifications, when they will not, or when the signal is given. */
  caughtUp(): Promise<void>;
}

/** Queues are first in, first out: the last notification of each kind stands for all before it. */
export function createPace(
  engine: Pick<ReconcileDeps['engine'], 'waitsForWorker'>,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Pace {
  const lastOfKind = new Map<string, string>();
  const givenUp = new Set<string>();
  // If Temporal does not answer, it must not get more work.
  const isWaiting = (workflowId: string) => engine.waitsForWorker(workflowId).catch(() => true);
  return {
    told: (workflowId) => void lastOfKind.set(kindOf(workflowId), workflowId),
    async caughtUp() {
      const patientUntilMs = performance.now() + patienceMs;
      for (const [kind, workflowId] of lastOfKind) {
        while (!signal.aborted && !givenUp.has(kind) && (await isWaiting(workflowId))) {
          if (performance.now() > patientUntilMs) givenUp.add(kind);
          else await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
        }
      }
      lastOfKind.clear();
    },
  };
}

const kindOf = (workflowId: string) => workflowId.split('/', 1)[0]!;
