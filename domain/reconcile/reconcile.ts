import { counting, type Counts, type Looked } from '../kernel/index.ts';

/** What a sweep looks at, in this order. */
export const PHASES = [
  'stuck_orders',
  'stuck_refunds',
  'orphan_refunds',
  'lost_work',
  'ended_orders',
  'stuck_invoices',
  'overdue_subscriptions',
  'outside',
  'inbox',
] as const;
export type Phase = (typeof PHASES)[number];

/**
 * - `synced`: its workflow, or the inbox's dispatcher, was notified or started
 * - `left`: it stays as it was, for the reason in `why`
 * - `failed`: a refund that neither a workflow nor the PSP knows
 */
const LOOKS = ['synced', 'left', 'failed'] as const;
export type Look = Looked<(typeof LOOKS)[number]>;
export type PhaseReport = Counts<Look['what']>;

export interface ReconcileRequest {
  /** Absent: all of them. */
  readonly phases?: readonly Phase[];
  /** Goes on until every row was looked at once, instead of a batch a phase. */
  readonly drain: boolean;
  /** Batches before it continues as new. */
  readonly batchesPerRun?: number;
  /** What an earlier run of the same sweep leaves to this one. */
  readonly carried?: {
    readonly begun: BegunSweep;
    readonly report: ReconcileReport;
    readonly phase: Phase;
  };
}

export interface BegunSweep {
  /** By the database's clock, ISO 8601. The sweep skips rows that were looked at since then. */
  readonly at: string;
  /** Why there is no sweep here; null where there is. */
  readonly off: string | null;
  /** Temporal's namespace is not the one that the rows were written with: all of the engine's work is gone. */
  readonly engineRebuilt: boolean;
  readonly namespaceId: string;
  /** How many rows there are to look at; counted for a drain only. */
  readonly total: number | null;
}

export interface ReconcileReport {
  readonly startedAt: string;
  readonly off: string | null;
  readonly engineRebuilt: boolean;
  /** Only the phases that were asked for. */
  readonly phases: Readonly<Partial<Record<Phase, PhaseReport>>>;
}

export interface ReconcileProgress {
  readonly phase: Phase | null;
  readonly looked: number;
  readonly total: number | null;
}

const { nothing: NOTHING, count, add } = counting(LOOKS);

export const beginReport = (begun: BegunSweep, phases: readonly Phase[]): ReconcileReport => ({
  startedAt: begun.at,
  off: begun.off,
  engineRebuilt: begun.engineRebuilt,
  phases: Object.fromEntries(phases.map((phase) => [phase, NOTHING])),
});

/** Counts what became of a batch. */
export const countLooks = (looks: readonly Look[]): PhaseReport => count(looks);

export const addBatch = (report: ReconcileReport, phase: Phase, batch: PhaseReport): ReconcileReport => ({
  ...report,
  phases: { ...report.phases, [phase]: add(report.phases[phase] ?? NOTHING, batch) },
});

export const lookedCount = ({ phases }: ReconcileReport): number =>
  Object.values(phases).reduce((sum, phase) => sum + phase.seen, 0);
