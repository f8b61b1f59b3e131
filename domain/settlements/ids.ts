/** Of a provider's settlement file: one matching a file at a time. */
export const statementWorkflowId = (statementId: string) => `statement/${statementId}`;
