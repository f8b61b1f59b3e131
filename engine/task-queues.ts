/** The task queues of this engine's workers. */
export interface TaskQueues {
  readonly core: string;
  readonly stripe: string;
  readonly billing: string;
  readonly people: string;
}

/** The variables that name them. */
export const TASK_QUEUE_VARIABLES = [
  'TEMPORAL_TASK_QUEUE',
  'TEMPORAL_STRIPE_TASK_QUEUE',
  'TEMPORAL_BILLING_TASK_QUEUE',
  'TEMPORAL_PEOPLE_TASK_QUEUE',
] as const;

export const taskQueuesOf = (
  config: Readonly<Record<(typeof TASK_QUEUE_VARIABLES)[number], string>>,
): TaskQueues => ({
  core: config.TEMPORAL_TASK_QUEUE,
  stripe: config.TEMPORAL_STRIPE_TASK_QUEUE,
  billing: config.TEMPORAL_BILLING_TASK_QUEUE,
  people: config.TEMPORAL_PEOPLE_TASK_QUEUE,
});
