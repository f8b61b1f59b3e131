export const exportWorkflowId = (exportId: string) => `export/${exportId}`;
/** One a person, whichever of their deletions it is. */
export const deletionWorkflowId = (userId: string) => `deletion/${userId}`;
/** Under which the store keeps the files of a copy: each attempt has its own. */
export const exportFilePrefix = (exportId: string) => `exports/${exportId}/`;
/** Says in the store that somebody was erased, whatever a restored database says. */
export const tombstoneKey = (userId: string) => `${TOMBSTONES}${userId}`;
export const TOMBSTONES = 'erasures/';
/** Of the schedule that wakes deletions, and of what it starts. */
export const DELETIONS_SCHEDULE_ID = 'deletions';
