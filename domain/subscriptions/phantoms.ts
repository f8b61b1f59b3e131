/** How far a sweep of phantoms is: subscriptions that say they are paid, and are not. */
export interface PhantomProgress {
  readonly looked: number;
  /** Expired, each with its former row kept; in a dry run, those that would be. */
  readonly expired: number;
  /** The PSP has the money of these: they were handed to the dispatcher as their webhooks would have been. */
  readonly paid: number;
  /** Left as they are: the PSP did not answer, or they are no phantoms any more. */
  readonly left: number;
}

export interface PhantomReport extends PhantomProgress {
  /** Names the rows of `phantom_subscriptions` that it wrote. */
  readonly sweepId: string;
  readonly dryRun: boolean;
}

export interface PhantomRequest {
  readonly sweepId: string;
  readonly dryRun: boolean;
  /** Rows of one activity. */
  readonly batchRows?: number;
  /** Where the run before stood. */
  readonly carried?: { readonly afterId: string; readonly progress: PhantomProgress };
}

/** What became of one row that was looked at. */
export type PhantomLook = 'expired' | 'paid' | 'left';

export const NO_PHANTOMS: PhantomProgress = { looked: 0, expired: 0, paid: 0, left: 0 };

export function addLooks(progress: PhantomProgress, looks: readonly PhantomLook[]): PhantomProgress {
  const count = (what: PhantomLook) => looks.filter((look) => look === what).length;
  return {
    looked: progress.looked + looks.length,
    expired: progress.expired + count('expired'),
    paid: progress.paid + count('paid'),
    left: progress.left + count('left'),
  };
}

/** One of each kind at a time. */
export const phantomsWorkflowId = (dryRun: boolean) => `phantoms/${dryRun ? 'dry-run' : 'apply'}`;
