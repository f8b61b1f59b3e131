import type { Approval } from '../db/approvals/index.ts';
import type { Act } from '../db/kernel/index.ts';
import { writeSubject } from '../domain/kernel/index.ts';
import { type ActionAsk, findOperation } from './index.ts';
import { decideAction } from './decide-action.ts';
import type { OperationsDeps } from './deps.ts';

export interface Performed {
  readonly action: string;
  readonly subject: string;
  /** The row that stands now: the same one, or its replacement. */
  readonly now: { readonly subject: string; readonly status: string };
  /** More about the result, if there is more to say. */
  readonly note: string | null;
}

/**
 * An operator acts on one row. A repeat after `engine_unavailable` finds its work done, or is refused because it is
 * done. Throws the verb's refusal, `action_unknown` and `preview_outdated`.
 */
export async function performAction(
  deps: OperationsDeps,
  ask: ActionAsk,
  act: Act & { readonly reason: string },
  { seen }: { readonly seen?: string | undefined } = {},
): Promise<{ readonly done: Performed } | { readonly awaitsApproval: Approval }> {
  const { operation, subject } = findOperation(ask);
  const decided = await decideAction(deps, operation, subject.id, act, { seen });
  if ('awaits' in decided) return { awaitsApproval: decided.awaits };
  const outcome = await operation.notify(deps, decided.work);
  const now = { ...decided.now, ...(outcome?.status !== undefined && { status: outcome.status }) };
  const note = outcome?.note ?? null;
  return { done: { action: ask.action, subject: writeSubject(subject), now, note } };
}
