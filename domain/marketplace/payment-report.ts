import type { PaymentReport } from './messages.ts';

/**
 * Whether the payment has to be read at the PSP before this report decides anything: it names no money, or a capture
 * of none.
 */
export const isIncomplete = ({ verdict, receivedMinor, currency, unread }: PaymentReport): boolean =>
  unread === true ||
  (verdict === 'captured' && (receivedMinor === null || receivedMinor <= 0 || currency === null));
