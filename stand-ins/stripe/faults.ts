import { z } from 'zod';
import { faultKind, REQUEST_FAULTS, WEBHOOK_FAULTS } from '../kernel/faults.ts';

export const StripeFault = z.discriminatedUnion('kind', [
  ...REQUEST_FAULTS,
  ...WEBHOOK_FAULTS,
  /** 400 balance_insufficient from the endpoint itself, so stored under the key; `code` for insufficient_funds. */
  faultKind('insufficientFunds', { code: z.enum(['balance_insufficient', 'insufficient_funds']).optional() }),
  /** Makes the transfer, reversal or payout with this amount or currency instead of the asked one. */
  faultKind('otherAmount', {
    amountMinor: z.number().int().positive().optional(),
    currency: z.string().optional(),
  }),
]);
export type StripeFault = z.input<typeof StripeFault>;
/** What only this provider does. */
export type OwnFault = Extract<z.output<typeof StripeFault>, { kind: 'insufficientFunds' | 'otherAmount' }>;
