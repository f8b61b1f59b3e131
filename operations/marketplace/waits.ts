import { STRIPE_WAITS } from '../sellers/index.ts';

/** What transfers and reversals wait for without counting attempts, by the words of their rows. */
export const SHARE_WAITS: Readonly<Record<string, string>> = {
  ...STRIPE_WAITS,
  dispute: 'It goes on once the dispute of the payment is over.',
};

/** What refunds wait for. */
export const REFUND_WAITS: Readonly<Record<string, string>> = {
  second_look:
    'An operator ended the asking: the PSP is looked at once more, and if it still does not know it, it fails.',
  psp_read_side:
    'The PSP says that it has it and does not show it yet: it is asked for until it does, and never fails before.',
  held: 'The PSP gave back another currency or nothing, which cannot be booked: the flag says what. Corrected there, the next sweep books it; else a person says what the buyer has.',
};
