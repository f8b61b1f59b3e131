/** The id of the schedule, and of the workflows that it starts. */
export const REVENUE_SCHEDULE_ID = 'revenue';

export const subscriptionWorkflowId = (subscriptionId: string) => `subscription/${subscriptionId}`;

/** Flags about an invoice's money, and its lines of the audit log, name this; no workflow has this id. */
export const invoiceSubject = (invoiceId: string) => `invoice/${invoiceId}`;
