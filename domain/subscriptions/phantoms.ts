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
}

/** One of each kind at a time. */
export const phantomsWorkflowId = (dryRun: boolean) => `phantoms/${dryRun ? 'dry-run' : 'apply'}`;
