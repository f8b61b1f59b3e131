import type { Evidence, Hint } from '../../domain/kernel/messages.ts';

/** A report on which a workflow goes on, with the evidence by which an activity decides whether it is true. */
export interface Heard<Report> {
  readonly said: Report;
  readonly evidence: Evidence<Report>;
}

/** From a signal: anybody may have sent it, so it is only a reason to look. */
export const hinted = <Report extends object>(said: Hint<Report>): Heard<Report> => ({
  // A signal's argument need not have its type.
  said: said ?? {},
  evidence: { webhookId: said?.webhookId ?? null },
});

/** From an activity of the workflow itself. */
export const foundOut = <Report>(known: Report): Heard<Report> => ({ said: known, evidence: { known } });
