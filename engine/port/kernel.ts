/** What Temporal itself is asked, whatever the subject. */
export interface KernelEngine {
  /** Whether Temporal answers and knows the namespace; throws `engine_unavailable` otherwise. */
  ping(): Promise<void>;
  /** Of the namespace as Temporal knows it: another one after Temporal was rebuilt, under the same name. */
  namespaceId(): Promise<string>;
  /** Whether a workflow of that id runs now. */
  isRunning(workflowId: string): Promise<boolean>;
  /** Whether something was told to that workflow that no worker has taken up yet. */
  waitsForWorker(workflowId: string): Promise<boolean>;
  /** Task queues of ours that no worker polls, by Temporal's own word: what is in them waits. */
  idleQueues(): Promise<string[]>;
}
