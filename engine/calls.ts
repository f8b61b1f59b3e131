/** Longer than the five seconds after which the server says that no worker took an update. */
export const UPDATE_DEADLINE_MS = 8_000;
export const CALL_DEADLINE_MS = 5_000;

/**
 * An id may be used again once its workflow has closed: the rows decide what is still to be done, under their lock, so
 * a later run finds finished work finished. A refused request leaves nothing behind and may be made again.
 */
export const REUSABLE = {
  workflowIdConflictPolicy: 'USE_EXISTING',
  workflowIdReusePolicy: 'ALLOW_DUPLICATE',
} as const;

/** Runs a call to Temporal with a deadline, and names what fails. */
export type Within = <T>(deadlineMs: number, call: () => Promise<T>) => Promise<T>;
