/** The audit log's name of an API key; there is no such workflow. */
export const apiKeySubject = (apiKeyId: string) => `api_key/${apiKeyId}`;

/** The audit log's name of a person's account. */
export const userSubject = (userId: string) => `account/${userId}`;

export const mailWorkflowId = (mailId: string) => `mail/${mailId}`;
/** Of the schedule, and of what it starts: both have one name. */
export const MAILS_SCHEDULE_ID = 'mails';
