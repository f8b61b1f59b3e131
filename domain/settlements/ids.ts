/** The workflow that matches a provider's settlement file, one for each file. */
export const settlementWorkflowId = (statementId: string) => `statement/${statementId}`;
