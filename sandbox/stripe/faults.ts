import { z } from 'zod';
import { faultKind, REQUEST_FAULTS, WEBHOOK_FAULTS } from '../providers/faults.ts';

export const StripeFault = z.discriminatedUnion('kind', [
  ...REQUEST_FAULTS,
  ...WEBHOOK_FAULTS,
  /** 400 balance_insufficient from the endpoint itself, so stored under the key; `code` for insufficient_funds. */
  faultKind('insufficientFunds', { code: z.enum(['balance_insufficient', 'insufficient_funds']).optional() }),
]);
export type StripeFault = z.input<typeof StripeFault>;
export type InsufficientFundsFault = Extract<z.output<typeof StripeFault>, { kind: 'insufficientFunds' }>;
