/** The workflow that matches a provider's settlement file, one for each file. */
export const statementWorkflowId = (statementId: string) => `statement/${statementId}`;
