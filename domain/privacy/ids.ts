export const exportWorkflowId = (exportId: string) => `export/${exportId}`;
/** One a person, whichever of their deletions it is. */
export const deletionWorkflowId = (userId: string) => `deletion/${userId}`;
/** Under which the store keeps the files of a copy: each attempt has its own. */
export const exportFilePrefix = (exportId: string) => `exports/${exportId}/`;
