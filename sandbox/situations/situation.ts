import type { ActionName } from '../../operations/titles.ts';
import type { Phase } from '../../domain/reconcile/reconcile.ts';
import type { FlagKind } from '../../domain/flags.ts';
import type { Scene } from './scene.ts';

/** One step out of a situation, as the runbook tells it and a test takes it. */
export type Step =
  /** An action of the console, on the situation's own row. */
  | { readonly take: 'action'; readonly action: ActionName }
  /** A sweep: from the console's page, or, in Temporal's UI, by triggering the Schedule `reconcile`. */
  | { readonly take: 'sweep'; readonly phase: Phase }
  /** A signal to the situation's own workflow. */
  | { readonly take: 'signal'; readonly signal: 'retryNow' }
  /** The button of that name at the pending activity of the situation's own workflow. */
  | { readonly take: 'reset_activity' }
  /** The exceptions of a settlement file, one after the other, from the list of what is stuck. */
  | { readonly take: 'resolve_exceptions' }
  /** A flag on what it is about, from the list of what is stuck. */
  | { readonly take: 'clear_flag'; readonly flag: FlagKind }
  /** `npm run ops -- backfill-transfer-ids`, from a shell. */
  | { readonly take: 'backfill' }
  /** `npm run ops -- phantoms --apply`, from a shell. */
  | { readonly take: 'phantoms' }
  /** Ten minutes go by, which a test does not wait for. */
  | { readonly take: 'time' }
  /** Nothing: it ends by itself. */
  | { readonly take: 'nothing' };

export interface Made {
  /** `reversal/…`: the row's story in the console, and its workflow in Temporal's UI. */
  readonly subject: string;
  /** Where Temporal's UI shows it, if not under that id. */
  readonly workflowId?: string;
  /** What a flag of it is raised on. */
  readonly flagged?: string;
  /** The cause goes away: Stripe is back, the seller has connected an account. */
  heal(): Promise<void>;
}

export interface Situation {
  /** Its section of docs/runbook.md is `situation: <name>`. */
  readonly name: string;
  /** What is stuck, in a sentence. */
  readonly title: string;
  make(scene: Scene): Promise<Made>;
  /** Taken in this order once the cause is gone, in the one tool or in the other. Null: that tool cannot, on purpose. */
  readonly ways: { readonly console: readonly Step[]; readonly temporal: readonly Step[] | null };
  /** The status of its row when it is solved. */
  readonly ends: string;
}
