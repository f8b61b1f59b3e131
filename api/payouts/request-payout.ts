import { createRoute, z } from '@hono/zod-openapi';
import type { Db } from '../../db/client.ts';
import { readIdempotencyKey, keepAsk, takeAsk } from '../../db/kernel/index.ts';
import { readPayingSeller } from '../../db/payouts/paying-seller.ts';
import { VezaError } from '../../domain/errors.ts';
import type { IdempotencyKey } from '../../domain/kernel/index.ts';
import type { OpenedPayout, AskedPayout } from '../../domain/payouts/messages.ts';
import { decidePayout, type PayoutAsk } from '../../domain/payouts/eligibility.ts';
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
} from '../kernel/index.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { emptyBodyIsNone } from '../middleware/empty-body.ts';
import { RequestedPayout, showOpenedPayout } from './payout-view.ts';

const Body = z
  .strictObject({
    amount: z.unknown().optional().openapi({
      type: 'integer',
      description: 'In minor units; absent: all that is available',
      example: 9000,
    }),
    currency: z
      .string()
      .toUpperCase()
      .regex(/^[A-Z]{3}$/, 'An ISO 4217 code')
      .optional()
      .openapi({ description: 'Needed only with balances in several currencies', example: 'EUR' }),
  })
  .openapi('PayoutRequest');
const Accepted = z.object({ payout: RequestedPayout, message: z.string() }).openapi('PayoutAccepted');

const access = alsoWhileLeaving(signedIn());
const route = createRoute({
  method: 'post',
  path: '/sellers/me/payouts',
  operationId: 'requestPayout',
  summary: 'Pay out what is available',
  description:
    'Answered as soon as the money is set aside; whether the bank has it, Stripe says later. What is left of your shares of disputed orders stays.',
  tags: ['Sellers'],
  ...access,
  middleware: [...access.middleware, emptyBodyIsNone],
  request: { headers: IdempotencyHeaders, body: optionalJsonBody(Body) },
  responses: {
    202: json(Accepted, 'The money is set aside; the same key and body give the same answer'),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      'seller_has_no_account',
      'seller_account_not_ready',
      'payout_amount_invalid',
      'payout_currency_required',
      'payout_below_minimum',
      'nothing_available',
    ),
  },
});

export const requestPayout = defineRoute(route, async (c) => {
  const { db, engine, config } = c.var.deps;
  const { userId: sellerId } = c.var.caller;
  const ask: PayoutAsk = c.req.valid('json');
  const idempotency = readIdempotency(
    c.req.valid('header')['Idempotency-Key'],
    `${sellerId}:requestPayout`,
    ask,
  );
  const earlier = await findAnswer(db, idempotency);
  if (earlier) return c.json(accepted(earlier), 202);

  const seller = await readPayingSeller(db, sellerId);
  if (seller === null) throw new VezaError('unauthenticated', `There is no user ${sellerId}.`);
  // Refuses cheaply, before a workflow is started, which decides again under the lock.
  const decision = decidePayout(seller, ask, { minimumMinor: config.PAYOUT_MINIMUM_MINOR });
  if ('refusal' in decision) {
    // The call that this one repeats may have opened the payout since the look-up above.
    const meanwhile = await findAnswer(db, idempotency);
    if (meanwhile) return c.json(accepted(meanwhile), 202);
    throw VezaError.from(decision.refusal);
  }
  c.set('mayStillBeCarriedOut', true);
  const payoutId = idFor(idempotency);
  const kept = await keepAsk<AskedPayout>(db, payoutId, {
    kind: 'payout',
    sellerId,
    ...ask,
    ...(idempotency && { idempotency }),
  });
  assertSameBody(idempotency, kept.idempotency?.bodyHash ?? null);
  const opening = await engine.requestPayout({ payoutId }, { sellerId, ...decision });
  if ('refused' in opening) {
    await takeAsk(db, payoutId);
    throw VezaError.from(opening.refused);
  }
  assertSameBody(idempotency, opening.bodyHash);
  return c.json(accepted(opening.opened), 202);
});

/** The answer that was given under this key; throws where the key came with another body. */
async function findAnswer(db: Db, idempotency: IdempotencyKey | undefined): Promise<OpenedPayout | null> {
  const stored = idempotency ? await readIdempotencyKey(db, idempotency) : null;
  if (stored === null) return null;
  assertSameBody(idempotency, stored.bodyHash);
  return StoredAnswer.parse(stored.answer);
}

const StoredAnswer = z.object({
  payoutId: z.string(),
  sellerId: z.string(),
  amountMinor: z.int(),
  currency: z.string(),
  createdAt: z.string(),
});

const accepted = (opened: OpenedPayout) => ({
  payout: showOpenedPayout(opened),
  message: 'The payout has been requested. It is complete once Stripe says that your bank has it.',
});
