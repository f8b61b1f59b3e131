import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WithStartWorkflowOperation, type WorkflowClient } from '@temporalio/client';
import type {
  QueryDefinition,
  SignalDefinition,
  TypedSearchAttributes,
  UpdateDefinition,
  Workflow,
  WorkflowResultType,
} from '@temporalio/common';
import { v7 as uuidv7 } from 'uuid';
import type * as workflows from '../workflows/index.ts';
import { isTurnedAway, namingFailures, namingLostUpdates } from './failures.ts';

type Workflows = typeof workflows;

/** Longer than the five seconds after which the server says that no worker took an update. */
const UPDATE_DEADLINE_MS = 8_000;
const CALL_DEADLINE_MS = 5_000;
/** A run that turns updates away ends within a task or two. */
const TURNED_AWAY_MS = 50;

/**
 * An id may be used again once its workflow has closed: the rows decide, under their lock, what is still to be done,
 * so a later run finds its work done. A refused request leaves nothing behind and may be made again.
 */
const REUSABLE = {
  workflowIdConflictPolicy: 'USE_EXISTING',
  workflowIdReusePolicy: 'ALLOW_DUPLICATE',
} as const;

export type { TaskQueues } from './task-queues.ts';

/** How a workflow is started. Where one with its id runs, that one is joined. */
export interface Start<Type extends keyof Workflows = keyof Workflows> {
  readonly type: Type;
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly args: Readonly<Parameters<Workflows[Type]>>;
  readonly staticSummary: string;
  readonly typedSearchAttributes?: TypedSearchAttributes;
}

/** Every call has a deadline, and fails with VezaError `engine_unavailable`. */
export interface Calls {
  /** For calls without a deadline, such as waiting for a workflow's end. */
  readonly workflows: WorkflowClient;
  within<T>(call: () => Promise<T>, deadlineMs?: number): Promise<T>;
  start(start: Start): Promise<void>;
  /** A signal; starts the workflow where none runs. */
  tell<Args extends unknown[]>(start: Start, signal: SignalDefinition<Args>, ...args: Args): Promise<void>;
  /** An update, and its answer; starts the workflow where none runs. */
  ask<Answer, Args extends unknown[]>(
    start: Start,
    update: UpdateDefinition<Answer, Args>,
    ...args: Args
  ): Promise<Answer>;
  /** A query needs a worker: without one it is null, and the next look may do better. */
  look<Answer>(workflowId: string, query: QueryDefinition<Answer>): Promise<Answer | null>;
  /** What a workflow ends with, over all its runs; null where that takes longer. Rejects where somebody terminated it. */
  result<Type extends keyof Workflows>(
    type: Type,
    workflowId: string,
    withinMs?: number,
  ): Promise<WorkflowResultType<Workflows[Type]> | null>;
}

/** Asks the next run where one has turned the update away, since it is about to begin anew. */
async function untilTaken<T>(askRun: () => Promise<T>, deadlineMs: number): Promise<T> {
  for (;;) {
    try {
      return await askRun();
    } catch (error) {
      if (!isTurnedAway(error) || Date.now() + TURNED_AWAY_MS >= deadlineMs) throw error;
    }
    await sleep(TURNED_AWAY_MS);
  }
}

export function createCalls(client: Client): Calls {
  const { workflow: temporal } = client;
  const within = <T>(call: () => Promise<T>, deadlineMs = CALL_DEADLINE_MS) =>
    namingFailures(() => temporal.withDeadline(Date.now() + deadlineMs, call));

  return {
    workflows: temporal,
    within,
    start: ({ type, ...options }) =>
      within(async () => {
        await temporal.start(type, { ...options, ...REUSABLE });
      }),
    tell: ({ type, ...options }, signal, ...signalArgs) =>
      within(async () => {
        await temporal.signalWithStart<Workflow, unknown[]>(type, {
          ...options,
          ...REUSABLE,
          signal,
          signalArgs,
        });
      }),
    ask: ({ type, ...options }, update, ...args) => {
      const deadlineMs = Date.now() + UPDATE_DEADLINE_MS;
      const askRun = () =>
        temporal.withDeadline(deadlineMs, () =>
          temporal.executeUpdateWithStart(update, {
            // A new id for each call: the workflow gives every caller the same answer, and a refusal of a closed run
            // is not replayed.
            updateId: uuidv7(),
            args,
            startWorkflowOperation: new WithStartWorkflowOperation(type, { ...options, ...REUSABLE }),
          }),
        );
      return namingLostUpdates(() => untilTaken(askRun, deadlineMs));
    },
    look: (workflowId, query) => within(() => temporal.getHandle(workflowId).query(query)).catch(() => null),
    result: async <Type extends keyof Workflows>(_: Type, workflowId: string, withinMs?: number) => {
      const handle = temporal.getHandle<Workflows[Type]>(workflowId);
      if (withinMs === undefined) return namingFailures(() => handle.result());
      const late = AbortSignal.timeout(withinMs);
      try {
        return await namingFailures(() => temporal.withAbortSignal(late, () => handle.result()));
      } catch (error) {
        if (late.aborted) return null;
        throw error;
      }
    },
  };
}
