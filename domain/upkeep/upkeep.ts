import { counting, type Counts, type Looked } from '../kernel/index.ts';

/**
 * What an upkeep looks at, in this order.
 * - `lost_work`: what waits without a workflow
 * - `accounts`: accounts that nobody confirmed
 * - `tokens`: tokens, sessions and counts that are over
 * - `addresses`: from where somebody called long ago
 * - `bodies`: bodies of webhooks that were processed long ago
 */
export const UPKEEP_PHASES = ['lost_work', 'accounts', 'tokens', 'addresses', 'bodies'] as const;
export type UpkeepPhase = (typeof UPKEEP_PHASES)[number];

/** What the schedule of upkeeps looks at: mails that wait have a schedule of their own, which comes each minute. */
export const SCHEDULED_UPKEEP: readonly UpkeepPhase[] = ['accounts', 'tokens', 'addresses', 'bodies'];

/** Phases of which each batch is a few statements and nothing else. */
export const IN_DATABASE: readonly UpkeepPhase[] = ['accounts', 'tokens', 'addresses', 'bodies'];

/**
 * - `done`: removed, forgotten, masked, or started again
 * - `left`: it stays as it was, for the reason in `why`
 */
const LOOKS = ['done', 'left'] as const;
export type UpkeepLook = Looked<(typeof LOOKS)[number]>;
export type UpkeepCounts = Counts<UpkeepLook['what']>;

/** Where a phase goes on: behind a row, in the part of it that this row is of. */
export interface UpkeepCursor {
  readonly part: string;
  /** Null: from the part's first row. */
  readonly after: string | null;
}

export interface UpkeepBatch {
  readonly counts: UpkeepCounts;
  /** Null: the phase is over. */
  readonly next: UpkeepCursor | null;
}

export interface UpkeepRequest {
  /** Absent: all of them. */
  readonly phases?: readonly UpkeepPhase[];
  /** Batches before it continues as new. */
  readonly batchesPerRun?: number;
  /** What an earlier run of the same upkeep leaves to this one. */
  readonly carried?: {
    readonly report: UpkeepReport;
    readonly phase: UpkeepPhase;
    readonly cursor: UpkeepCursor | null;
  };
}

export interface UpkeepReport {
  /** By the database's clock, ISO 8601. What is over later is the next upkeep's. */
  readonly startedAt: string;
  /** Only the phases that were asked for. */
  readonly phases: Readonly<Partial<Record<UpkeepPhase, UpkeepCounts>>>;
}

export interface UpkeepProgress {
  readonly phase: UpkeepPhase | null;
  readonly looked: number;
}

const { nothing: NOTHING, count, add } = counting(LOOKS);

export const beginUpkeepReport = (startedAt: string, phases: readonly UpkeepPhase[]): UpkeepReport => ({
  startedAt,
  phases: Object.fromEntries(phases.map((phase) => [phase, NOTHING])),
});

/** Counts what became of a batch. */
export const countUpkeepLooks = (looks: readonly UpkeepLook[]): UpkeepCounts => count(looks);

export const addUpkeepBatch = (
  report: UpkeepReport,
  phase: UpkeepPhase,
  counts: UpkeepCounts,
): UpkeepReport => ({
  ...report,
  phases: { ...report.phases, [phase]: add(report.phases[phase] ?? NOTHING, counts) },
});

/** How many rows an upkeep has looked at. */
export const upkeepLooks = ({ phases }: UpkeepReport): number =>
  Object.values(phases).reduce((sum, { seen }) => sum + seen, 0);
