import type { Tx } from '../db/client.ts';
import type { Approval } from '../db/approvals/index.ts';
import type { Act } from '../db/kernel/index.ts';
import { type ApiKeyToKeep, createApiKey } from '../db/accounts/index.ts';
import { ACTION_NAMES } from './action.ts';
import { findOperation } from './index.ts';
import { type ApprovedList, listOf } from './approved-list.ts';
import { actOnEach, type BulkWork, notifyBulk } from './bulk.ts';
import { BULK_ACTIONS, type BulkFilter, readBulkList } from './bulk-list.ts';
import { keyToKeepOf } from './accounts/make-api-key.ts';
import type { OperationsDeps, OperationsSettings } from './deps.ts';
import { seenOf } from './seen.ts';

/** What was asked for, on one row or on a list, as the agreeing admin carries it out. */
export interface Undertaking {
  /** A token of how it stands now; locks a single row. */
  seen(tx: Tx, settings: OperationsSettings): Promise<string>;
  /** Does it, and returns what the engine has to be notified of. */
  act(tx: Tx, act: Act, settings: OperationsSettings): Promise<unknown>;
  /** Returns more about the result, if there is more to say. */
  notify(deps: OperationsDeps, work: unknown): Promise<string | null>;
}

export function undertakingOf(approval: Approval): Undertaking {
  const key = keyToKeepOf(approval);
  if (key !== null) return onKey(approval, key);
  const list = listOf(approval);
  return list === null ? onOne(approval) : onMany(approval, list);
}

/** A key that does not exist yet: nothing about it can have changed. */
const onKey = ({ seen }: Approval, key: ApiKeyToKeep): Undertaking => ({
  seen: async () => seen,
  async act(tx, act) {
    await createApiKey(tx, key, act);
    return null;
  },
  notify: async () => null,
});

function onOne({ action: text, subject: on, params }: Approval): Undertaking {
  const action = ACTION_NAMES.find((name) => name === text);
  if (action === undefined) throw new Error(`an approval of an action that nobody knows: ${text}`);
  const { operation, subject } = findOperation({ action, subject: on, params: params ?? undefined });
  return {
    async seen(tx, settings) {
      return seenOf(operation, on, await operation.snapshot(tx, subject.id, settings));
    },
    async act(tx, act, settings) {
      const { work } = await operation.act(tx, subject.id, act, settings);
      return work;
    },
    notify: async (deps, work) => (await operation.notify(deps, work))?.note ?? null,
  };
}

function onMany({ action: text }: Approval, { subjects }: ApprovedList): Undertaking {
  const action = BULK_ACTIONS.find((name) => name === text);
  if (action === undefined) throw new Error(`an approval of an action on many that nobody knows: ${text}`);
  const filter: BulkFilter = { stuck: { olderThanMinutes: 0, subjects } };
  return {
    seen: async (tx) => (await readBulkList(tx, action, filter)).fingerprint,
    async act(tx, act, settings) {
      const list = await readBulkList(tx, action, filter);
      return (await actOnEach(tx, action, list, act, settings)).work;
    },
    async notify(deps, work) {
      const told = await notifyBulk(deps, action, work as readonly BulkWork[]);
      return Object.entries(told)
        .map(([note, count]) => `${count}: ${note}`)
        .join(' ');
    },
  };
}
