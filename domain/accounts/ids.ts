/** Not a workflow: what the audit log calls an API key. */
export const apiKeySubject = (apiKeyId: string) => `api_key/${apiKeyId}`;
