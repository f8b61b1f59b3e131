import { createHmac } from 'node:crypto';
import { trialMail } from '../../domain/subscriptions/trial-mail.ts';

// Who had a trial is known after the account is gone, and by nobody who has the table alone.

export const trialMailHash = (key: string, address: string): string => hash(key, 'mail', trialMail(address));

/** Of the PSP's fingerprint of a card, which is the same for one card under any customer. */
export const trialCardHash = (key: string, fingerprint: string): string => hash(key, 'card', fingerprint);

const hash = (key: string, what: string, text: string): string =>
  createHmac('sha256', key).update(`${what}:${text}`).digest('hex');
