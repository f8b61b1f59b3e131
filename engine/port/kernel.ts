import type { Id } from './impersonal.ts';

/** Questions to Temporal itself, of no subject. */
export interface KernelEngine {
  /** Whether Temporal answers and knows the namespace; throws `engine_unavailable` otherwise. */
  ping(): Promise<void>;
  /** Temporal's id of the namespace: after Temporal is rebuilt it changes, although the name stays. */
  namespaceId(): Promise<string>;
  /** Whether a workflow of that id runs now. */
  isRunning(workflowId: Id): Promise<boolean>;
  /** Whether that workflow has a task that no worker has taken up yet. */
  waitsForWorker(workflowId: Id): Promise<boolean>;
  /** Task queues of ours that no worker polls, as Temporal says: the work in them waits. */
  idleQueues(): Promise<string[]>;
}
