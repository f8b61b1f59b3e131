import type { Evidence, Hint } from '../../domain/kernel/messages.ts';

/** A report by which a story goes on, and by what an activity decides whether it is so. */
export interface Heard<Report> {
  readonly said: Report;
  readonly evidence: Evidence<Report>;
}

/** By a signal: it may be anybody's, so that it is no more than a reason to look. */
export const hinted = <Report extends object>(said: Hint<Report>): Heard<Report> => ({
  // Nothing keeps a signal to its type.
  said: said ?? {},
  evidence: { webhookId: said?.webhookId ?? null },
});

/** By an activity of the workflow's own. */
export const foundOut = <Report>(known: Report): Heard<Report> => ({ said: known, evidence: { known } });
