import { activityInfo, Context } from '@temporalio/activity';
import { countSweepRows, listSweepRows } from '../../db/reconcile/sweep.ts';
import { markLooked } from '../../db/reconcile/mark-looked.ts';
import { retireLooks } from '../../db/reconcile/retire-looks.ts';
import { readPlatformSetting, writePlatformSetting, readClock } from '../../db/kernel/index.ts';
import { isUnavailable } from '../../db/unavailable.ts';
import {
  type BegunSweep,
  countLooks,
  type Look,
  type Phase,
  type PhaseReport,
  type ReconcileReport,
} from '../../domain/reconcile/reconcile.ts';
import { whileHeartbeating } from '../kernel/index.ts';
import type { ReconcileDeps } from './deps.ts';
import { lookAtEnded } from './ended-orders.ts';
import {
  isEngineAway,
  left,
  lookAtOrder,
  lookAtOrphan,
  lookAtRefund,
  lookAtWebhook,
  type Seen,
} from './looks.ts';
import { lookOutside } from './outside.ts';
import { createPace } from './pace.ts';
import { lookAtWork } from './lost-work.ts';
import { lookAtInvoicePayment, lookAtSubscription } from './subscriptions.ts';

/** 200 rows by default, which take less than an activity may (see sweepBatch), even if each look runs into its timeouts. */
const BATCHES_AT_ONCE = 4;

export interface SweepTerms {
  readonly phase: Phase;
  readonly engineRebuilt: boolean;
  /** Two looks that find something missing at the PSP are believed only if they are at least this far apart. */
  readonly orphanGapMs: number;
}

const LOOKS: Readonly<Record<Phase, (deps: ReconcileDeps, ref: string, terms: SweepTerms) => Promise<Seen>>> =
  {
    stuck_orders: lookAtOrder,
    stuck_refunds: lookAtRefund,
    orphan_refunds: (deps, ref, terms) =>
      lookAtOrphan(deps, ref, { gapMs: gapMs(deps, terms), engineRebuilt: terms.engineRebuilt }),
    lost_work: lookAtWork,
    ended_orders: (deps, ref, terms) => lookAtEnded(deps, ref, { gapMs: gapMs(deps, terms) }),
    stuck_invoices: lookAtInvoicePayment,
    overdue_subscriptions: lookAtSubscription,
    outside: lookOutside,
    inbox: lookAtWebhook,
  };

/** By then an earlier call has arrived, and the PSP's reads show its object. */
const gapMs = ({ settings }: ReconcileDeps, { orphanGapMs }: SweepTerms): number =>
  Math.max(orphanGapMs, settings.pspReadLagMs);

/** Looks at one row. An error leaves the row as it was, and does not stop the others. */
export async function lookAt(
  deps: ReconcileDeps,
  ref: string,
  terms: SweepTerms,
  onTold: (workflowId: string) => void = () => undefined,
): Promise<Look> {
  const { log } = deps;
  const { phase } = terms;
  let seen: Seen;
  try {
    seen = await withinTime(LOOKS[phase](deps, ref, terms));
  } catch (error) {
    const isAway = isEngineAway(error);
    if (!isAway) log.error({ phase, row: ref, err: error }, 'reconcile: a row could not be looked at');
    seen = left(isAway ? 'engine_unavailable' : 'error');
  }
  const { what, why, providerStatus, createdAt, workflowId } = seen;
  if (workflowId !== undefined) onTold(workflowId);
  const line = {
    phase,
    row: ref,
    what,
    why,
    ...(providerStatus !== undefined && { providerStatus }),
    ...(createdAt !== undefined && { stuckForMs: Date.now() - createdAt.getTime() }),
  };
  if (what === 'failed') log.error(line, 'reconcile: an orphan refund was failed and its order restored');
  else log.info(line, 'reconcile: a row was looked at');
  deps.onLook?.(phase, what);
  return { what, why };
}

/** Longer than all calls of a look and their timeouts. A look that takes longer still finishes its work. */
const LOOK_MAX_MS = 60_000;

async function withinTime(look: Promise<Seen>): Promise<Seen> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Seen>((resolve) => {
    timer = setTimeout(() => resolve(left('no_end')), LOOK_MAX_MS);
  });
  return Promise.race([look, late]).finally(() => clearTimeout(timer));
}

/** A row that cannot be stamped is looked at all the same, and keeps its place; the others go to the end of the queue. */
async function stampAll({ db, log }: ReconcileDeps, phase: Phase, refs: readonly string[]): Promise<void> {
  try {
    await markLooked(db, phase, refs);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    for (const ref of refs) {
      await markLooked(db, phase, [ref]).catch((err: unknown) => {
        if (isUnavailable(err)) throw err;
        log.error({ phase, row: ref, err }, 'reconcile: a row could not be stamped');
      });
    }
  }
}

export function createSweepActivities(deps: ReconcileDeps) {
  const { db, engine, log } = deps;
  const settings = deps.settings.reconcile;

  return {
    /** Whether there is a sweep at all, since when, and whether Temporal still has our work. */
    async beginSweep(phases: readonly Phase[], counted: boolean): Promise<BegunSweep> {
      const at = await readClock(db);
      const namespaceId = await engine.namespaceId();
      const known = await readPlatformSetting(db, 'temporal_namespace_id');
      const engineRebuilt = known !== namespaceId;
      if (settings.off !== null) log.warn({ off: settings.off }, 'reconcile: off');
      else if (engineRebuilt) {
        log.error(
          { known, namespaceId },
          'reconcile: Temporal is not the one we know; all work is restarted',
        );
      }
      if (settings.off === null && phases.includes('outside')) await retireLooks(db);
      let total: number | null = null;
      if (counted && settings.off === null) {
        total = 0;
        for (const phase of phases) {
          total += await countSweepRows(db, { ...settings, phase, engineRebuilt });
        }
      }
      return { at, off: settings.off, engineRebuilt, namespaceId, total };
    },

    /**
     * The next batch. The history has it before work begins, so that a repeat does the same rows. In a series batches
     * are larger: between two of them the engine needs as long as for some hundred looks.
     */
    listSweepRows: (phase: Phase, begun: BegunSweep, isOneOfMany = false): Promise<string[]> =>
      listSweepRows(
        db,
        { ...settings, phase, lookedBefore: begun.at, engineRebuilt: begun.engineRebuilt },
        settings.batch * (isOneOfMany ? BATCHES_AT_ONCE : 1),
      ),

    /** Looks at a batch, a few rows at a time. A new attempt goes on from the last heartbeat of the one before. */
    async lookAtRows(refs: readonly string[], terms: SweepTerms): Promise<PhaseReport> {
      const beaten: unknown = activityInfo().heartbeatDetails;
      const done = new Map(Array.isArray(beaten) ? (beaten as [string, Look][]) : []);
      const { cancellationSignal } = Context.current();
      await stampAll(deps, terms.phase, refs);
      const waiting = refs.filter((ref) => !done.has(ref));
      const pace = createPace(engine, cancellationSignal);
      const lookAtAll = async (some: readonly string[]) => {
        const inTurn = some.values();
        const lookInTurn = async () => {
          for (const ref of inTurn) {
            if (cancellationSignal.aborted) return;
            done.set(ref, await lookAt(deps, ref, terms, pace.told));
          }
        };
        await Promise.all(Array.from({ length: settings.concurrency }, lookInTurn));
      };
      await whileHeartbeating(
        async () => {
          for (let from = 0; from < waiting.length; from += settings.batch) {
            if (from > 0) await pace.caughtUp();
            await lookAtAll(waiting.slice(from, from + settings.batch));
          }
        },
        () => [...done],
      );
      if (cancellationSignal.aborted) await Context.current().cancelled;
      return countLooks([...done.values()]);
    },

    /** Temporal has all open work again: from now on a workflow that is missing counts as lost. */
    async adoptNamespace(namespaceId: string): Promise<void> {
      await writePlatformSetting(db, 'temporal_namespace_id', namespaceId);
    },

    /** Writes down that a sweep has ended; one of all phases is the last one that metrics know. */
    async endSweep(report: ReconcileReport, isWhole: boolean): Promise<void> {
      if (isWhole) await writePlatformSetting(db, 'last_sweep_at', await readClock(db));
      log.info({ ...report }, 'reconcile: the sweep has ended');
    },
  };
}
