import { machineAllows, type Machine } from '../kernel/index.ts';

export const MAIL_STATUSES = ['queued', 'sent', 'refused', 'given_up'] as const;
export type MailStatus = (typeof MAIL_STATUSES)[number];

/** A mail. The mail server refused it for good, or did not take it for a day: then a person may queue it again. */
export const MAIL: Machine<MailStatus> = {
  name: 'mail',
  statuses: MAIL_STATUSES,
  transitions: {
    queued: ['sent', 'refused', 'given_up'],
    sent: [],
    refused: [],
    given_up: ['queued'],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(MAIL, from, to);
