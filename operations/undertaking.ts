import type { Tx } from '../db/client.ts';
import type { Approval } from '../db/moves/approval.ts';
import type { Act } from '../db/verbs/audit.ts';
import { ACTION_NAMES } from './action.ts';
import { findOperation } from './actions/index.ts';
import type { OperationsDeps } from './deps.ts';
import { seenToken } from './seen.ts';

/** What was asked for, on one row or on a list, as whoever agrees to it carries it out. */
export interface Undertaking {
  /** A token for how it stands now; locks the rows. */
  seen(tx: Tx): Promise<string>;
  /** Does it; what the engine is to be told afterwards. */
  act(tx: Tx, act: Act): Promise<unknown>;
  tell(deps: OperationsDeps, work: unknown): Promise<string | null>;
}

export function undertakingOf({ action: text, subject: on }: Approval): Undertaking {
  const action = ACTION_NAMES.find((name) => name === text);
  if (action === undefined) throw new Error(`an approval of an action that nobody knows: ${text}`);
  const { operation, subject } = findOperation({ action, subject: on });
  return {
    async seen(tx) {
      return seenToken(action, on, await operation.look(tx, subject.id));
    },
    async act(tx, act) {
      const { work } = await operation.act(tx, subject.id, act);
      return work;
    },
    tell: (deps, work) => operation.tell(deps, work),
  };
}
