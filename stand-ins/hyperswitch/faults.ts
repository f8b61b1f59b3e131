import { z } from 'zod';
import { faultKind, REQUEST_FAULTS, WEBHOOK_FAULTS } from '../kernel/faults.ts';

export const HyperswitchFault = z.discriminatedUnion('kind', [
  ...REQUEST_FAULTS,
  ...WEBHOOK_FAULTS,
  /**
   * What becomes of the next refund asked for. succeeded: answered so at once. failed: the connector's 4xx, HTTP 200.
   * pending: the connector's 5xx or timeout, HTTP 200 with error fields; `atConnector` is what a force_sync finds
   * out. review: the amounts did not match. refused: the router's own refusal with `code`, nothing is created.
   * `doneShare`: for one that succeeds, the part of the asked amount that the connector gives back; never more than
   * it has left.
   */
  faultKind('refundOutcome', {
    outcome: z.enum(['succeeded', 'failed', 'pending', 'review', 'refused']),
    message: z.string().optional(),
    code: z.string().optional(),
    atConnector: z.enum(['succeeded', 'failed']).optional(),
    doneShare: z.number().positive().optional(),
  }),
  /**
   * What becomes of the next charge of a card on file, or of the next buyer's confirmation. failed: the bank declines
   * it with these codes. processing: it waits `settlesAfterMs`, or until a control settles it, and ends as `endsAs`
   * says, or as its card does. refused: the router's own refusal with `code`; `leavesPayment`: its id is taken all the
   * same, by a payment whose look-up answers 422.
   */
  faultKind('chargeOutcome', {
    outcome: z.enum(['succeeded', 'failed', 'processing', 'requires_customer_action', 'refused']),
    code: z.string().optional(),
    message: z.string().optional(),
    leavesPayment: z.boolean().optional(),
    declineCode: z.string().optional(),
    errorCode: z.string().optional(),
    issuerCode: z.string().optional(),
    adviceCode: z.string().optional(),
    unifiedCode: z.string().optional(),
    settlesAfterMs: z.number().int().nonnegative().optional(),
    endsAs: z.enum(['succeeded', 'failed', 'requires_customer_action']).optional(),
  }),
  /**
   * The read side is behind: payments and refunds younger than `lagMs` are not found (404 HE_02) or not listed, though
   * the write side has them and refuses their ids; a refund whose last change is younger is shown as it stood before.
   * `times`: reads that meet it; `where: { id }`: of one object.
   */
  faultKind('readLag', { lagMs: z.number().int().positive() }),
  /** The buyer's money arrives a moment before a cancellation of the payment, which is then refused. */
  faultKind('paidFirst', {}),
  /** The buyer confirms a moment before a cancellation: their bank is being asked, and the router cancels all the same. */
  faultKind('confirmedFirst', {}),
]);
export type HyperswitchFault = z.input<typeof HyperswitchFault>;
/** What only this provider does. */
export type OwnFault = Extract<
  z.output<typeof HyperswitchFault>,
  { kind: 'refundOutcome' | 'chargeOutcome' | 'readLag' | 'paidFirst' | 'confirmedFirst' }
>;
