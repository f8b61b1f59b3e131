import { z } from 'zod';
import { faultKind, REQUEST_FAULTS, WEBHOOK_FAULTS } from '../providers/faults.ts';

export const HyperswitchFault = z.discriminatedUnion('kind', [
  ...REQUEST_FAULTS,
  ...WEBHOOK_FAULTS,
  /**
   * What becomes of the next refund asked for. succeeded: answered so at once. failed: the connector's 4xx, HTTP 200.
   * pending: the connector's 5xx or timeout, HTTP 200 with error fields; `atConnector` is what a force_sync finds out.
   * review: the amounts did not match. refused: the router's own refusal with `code`, nothing is created.
   */
  faultKind('refundOutcome', {
    outcome: z.enum(['succeeded', 'failed', 'pending', 'review', 'refused']),
    message: z.string().optional(),
    code: z.string().optional(),
    atConnector: z.enum(['succeeded', 'failed']).optional(),
  }),
]);
export type HyperswitchFault = z.input<typeof HyperswitchFault>;
export type RefundOutcomeFault = Extract<z.output<typeof HyperswitchFault>, { kind: 'refundOutcome' }>;
