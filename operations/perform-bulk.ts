import type { Approval } from '../db/approvals/index.ts';
import type { Act } from '../db/kernel/index.ts';
import type { Money } from '../domain/kernel/index.ts';
import { type BulkAsk, decideBulk, notifyBulk, type Told } from './bulk.ts';
import type { OperationsDeps } from './deps.ts';

export interface BulkPerformed {
  readonly count: number;
  readonly totals: readonly Money[];
  /** How many rows, by result. */
  readonly told: Told;
}

/** An operator acts on a filtered list, exactly as it was shown. Throws `list_changed` and `list_empty`. */
export async function performBulk(
  deps: OperationsDeps,
  ask: BulkAsk,
  fingerprint: string,
  act: Act & { readonly reason: string },
  onProgress?: (done: number) => void,
): Promise<{ readonly done: BulkPerformed } | { readonly awaitsApproval: Approval }> {
  const decided = await decideBulk(deps, ask, fingerprint, act);
  if ('awaits' in decided) return { awaitsApproval: decided.awaits };
  const told = await notifyBulk(deps, ask.action, decided.work, onProgress);
  return { done: { count: decided.count, totals: decided.totals, told } };
}
