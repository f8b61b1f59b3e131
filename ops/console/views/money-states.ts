import type { OpenState } from '../../../db/operators/index.ts';
import type { Tone } from './status.ts';

/** Each state of money under way: what people call it, and how worried to be. In the order of money's way. */
export const MONEY_STATES: Readonly<Record<OpenState, { readonly name: string; readonly tone: Tone }>> = {
  order: { name: 'Orders waiting for their payment', tone: 'plain' },
  orphan: { name: 'Refunds that the PSP may not have', tone: 'warn' },
  refund: { name: 'Refunds waiting for the PSP’s word', tone: 'busy' },
  transfer: { name: 'Transfers to be sent', tone: 'busy' },
  transfer_retrying: { name: 'Transfers that failed and are tried again', tone: 'warn' },
  failed_transfer: { name: 'Transfers that gave up', tone: 'bad' },
  reversal: { name: 'Reversals under way', tone: 'busy' },
  failed_reversal: { name: 'Reversals that gave up', tone: 'bad' },
  payout: { name: 'Payouts under way', tone: 'busy' },
};
