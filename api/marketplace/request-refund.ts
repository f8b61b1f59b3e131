import { createRoute, z } from '@hono/zod-openapi';
import { readIdempotencyKey, keepAsk, takeAsk } from '../../db/kernel/index.ts';
import { readRefundableOrder } from '../../db/marketplace/orders/refundable-order.ts';
import type { Context } from 'hono';
import type { Db } from '../../db/client.ts';
import type { Refund } from '../../db/marketplace/refunds/schema.ts';
import {
  asParty,
  decideRefund,
  isParty,
  type RefundableOrder,
  type RefundAsk,
} from '../../domain/marketplace/eligibility.ts';
import { VezaError } from '../../domain/errors.ts';
import type { IdempotencyKey } from '../../domain/kernel/index.ts';
import type { RefundAnswer, AskedRefund } from '../../domain/marketplace/messages.ts';
import type { RefundLabel } from '../../engine/port/index.ts';
import { refundPart } from '../../operations/marketplace/order-actions.ts';
import type { ApiEnv } from '../context.ts';
import {
  assertSameBody,
  IdempotencyHeaders,
  idFor,
  readIdempotency,
  fails,
  REPEATABLE,
  SIGNED_IN,
  WITH_BODY,
  defineRoute,
  json,
  optionalJsonBody,
  distinctIds,
  idParam,
  ORDER_ITEMS_MAX,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { AWAITS, Awaits, operate } from '../approvals/index.ts';
import { inTurn, underItsId } from './admission.ts';
import { RequestedRefund, showOpenedRefund } from './refund-view.ts';

const Params = z.object({ orderId: idParam('orderId') });
const Body = z
  .strictObject({
    amount: z.unknown().optional().openapi({
      type: 'integer',
      description: 'In minor units; with neither amount nor items, all that is left',
      example: 1250,
    }),
    items: distinctIds(ORDER_ITEMS_MAX)
      .optional()
      .openapi({ description: 'Ids of order items to refund whole, each once' }),
    reason: z.string().max(500).nullish(),
  })
  .openapi('RefundRequest');
const Accepted = z.object({ refund: RequestedRefund, message: z.string() }).openapi('RefundAccepted');

const access = signedIn();
const route = createRoute({
  method: 'post',
  path: '/marketplace/orders/{orderId}/refund',
  operationId: 'requestRefund',
  summary: 'Refund an order',
  description:
    'Answered as soon as the refund is open; whether it succeeds, the payment provider says later. By an admin who neither bought nor sold on the order it is an operator’s action: it needs a reason, is in the audit log, and waits for a second admin where it is on more money than one decides on within a day.',
  tags: ['Refunds'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { params: Params, headers: IdempotencyHeaders, body: optionalJsonBody(Body) },
  responses: {
    202: json(
      z.union([Accepted, Awaits]),
      `The refund is open; the same key and body give the same answer. Of an admin’s refund: ${AWAITS}`,
    ),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      'order_not_found',
      'refund_forbidden',
      'refund_already_requested',
      'order_not_refundable',
      'order_has_no_payment',
      'order_disputed',
      'refund_window_expired',
      'refund_amount_invalid',
      'engine_busy',
    ),
  },
});

export const requestRefund = defineRoute(route, async (c) => {
  const { db, engine, now } = c.var.deps;
  const { caller } = c.var;
  const { orderId } = c.req.valid('param');
  const { amount, items: itemIds, reason } = c.req.valid('json');
  const idempotency = readIdempotency(
    c.req.valid('header')['Idempotency-Key'],
    `${caller.userId}:requestRefund:${orderId}`,
    c.req.valid('json'),
  );
  const refundId = idFor(idempotency);
  return underItsId(c, refundId, async () => {
    const earlier = await findAnswer(db, idempotency);
    if (earlier) return c.json(accepted(earlier), 202);

    const part = { ...(amount !== undefined && { amount }), ...(itemIds && { itemIds }) };
    const order = await readRefundableOrder(db, orderId);
    if (order !== null && caller.role === 'admin' && !isParty(order, caller)) {
      const answer = await refundForOthers(c, orderId, part, c.req.valid('json'));
      return c.json('awaits' in answer ? { approval: answer.awaits } : answer.shown, 202);
    }
    const ask = { caller: asParty(caller), ...part };
    const judged = judge(order, orderId, ask, now());
    if ('refusal' in judged) {
      // The call that this one repeats may have opened the refund since the look-up above.
      const meanwhile = await findAnswer(db, idempotency);
      if (meanwhile) return c.json(accepted(meanwhile), 202);
      throw judged.refusal;
    }
    return inTurn(c, { kind: 'refund', id: refundId, idempotency }, async () => {
      c.set('mayStillBeCarriedOut', true);
      const kept = await keepAsk<AskedRefund>(db, refundId, {
        kind: 'refund',
        orderId,
        ...ask,
        ...(reason && { reason }),
        ...(idempotency && { idempotency }),
      });
      assertSameBody(idempotency, kept.idempotency?.bodyHash ?? null);
      const opening = await engine.requestRefund({ refundId }, judged.label);
      if ('refused' in opening) {
        await takeAsk(db, refundId);
        throw VezaError.from(opening.refused);
      }
      assertSameBody(idempotency, opening.bodyHash);
      // The same body, so the same reason, also where this call is a repeat.
      return c.json(accepted({ ...opening.opened, orderId, reason: reason || null }), 202);
    });
  });
});

/** The answer that was given under this key; throws where the key came with another body. */
async function findAnswer(db: Db, idempotency: IdempotencyKey | undefined): Promise<RefundAnswer | null> {
  const stored = idempotency ? await readIdempotencyKey(db, idempotency) : null;
  if (stored === null) return null;
  assertSameBody(idempotency, stored.bodyHash);
  return StoredAnswer.parse(stored.answer);
}

const StoredAnswer = z.object({
  refundId: z.string(),
  orderId: z.string(),
  amountMinor: z.int(),
  currency: z.string(),
  reason: z.string().nullable(),
  createdAt: z.string(),
});

/** Refuses cheaply, before a workflow is started; phase 1 decides again, under the lock. */
function judge(
  order: RefundableOrder | null,
  orderId: string,
  ask: RefundAsk,
  at: Date,
): { readonly refusal: VezaError } | { readonly label: RefundLabel } {
  if (order === null) return { refusal: new VezaError('order_not_found', `There is no order ${orderId}.`) };
  const decision = decideRefund(order, ask, at.getTime());
  if ('refusal' in decision) return { refusal: VezaError.from(decision.refusal) };
  return {
    label: {
      purchase: { kind: 'order', id: orderId },
      amountMinor: decision.plan.amountMinor,
      currency: order.currency,
    },
  };
}

/** An admin’s refund, by the same way as every operator's action. */
const refundForOthers = (
  c: Context<ApiEnv>,
  orderId: string,
  part: Pick<RefundAsk, 'amount' | 'itemIds'>,
  { reason, ...body }: z.infer<typeof Body>,
) =>
  operate(
    c,
    refundPart(part),
    // A scope apart from one's own refunds: their answers are kept in another shape.
    { operationId: 'refundForOthers', subjectId: orderId, body: { ...body, ...(reason && { reason }) } },
    (refund) => accepted(answerOf(refund, orderId)),
  );

const answerOf = (refund: Refund, orderId: string): RefundAnswer => ({
  refundId: refund.id,
  orderId,
  amountMinor: refund.amountMinor,
  currency: refund.currency,
  createdAt: refund.createdAt.toISOString(),
  reason: refund.reason,
});

const accepted = (opened: RefundAnswer) => ({
  refund: showOpenedRefund(opened),
  message: 'The refund has been requested. It is complete once the payment provider confirms it.',
});
