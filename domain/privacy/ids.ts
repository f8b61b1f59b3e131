export const exportWorkflowId = (exportId: string) => `export/${exportId}`;
/** One a person, whichever of their deletions it is. */
export const deletionWorkflowId = (userId: string) => `deletion/${userId}`;
