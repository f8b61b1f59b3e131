import { createRoute, z } from '@hono/zod-openapi';
import { type ChangePreview, previewChange as previewVerb } from '../../db/subscriptions/preview.ts';
import { VezaError } from '../../domain/errors.ts';
import { INVOICE_LINE_KINDS } from '../../domain/subscriptions/invoice-machine.ts';
import {
  AmountMinor,
  Currency,
  defineRoute,
  fails,
  IdempotencyHeaders,
  json,
  jsonBody,
  readIdempotency,
  REPEATABLE,
  SIGNED_IN,
  Time,
  time,
  timeOrNull,
  WITH_BODY,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { assertWish, CHANGE_REFUSALS, Wish, wishOf } from './change.ts';

const Preview = z
  .object({
    when: z.enum(['at_once', 'at_period_end', 'cancel', 'take_back']).openapi({
      description:
        '`cancel`: a wish for Free cancels. `take_back`: the present price takes a scheduled change back',
    }),
    lines: z
      .array(z.object({ kind: z.enum(INVOICE_LINE_KINDS), amount: AmountMinor }))
      .openapi({ description: 'Of what is charged at once' }),
    amount: AmountMinor,
    currency: Currency,
    next_amount: AmountMinor.nullable(),
    next_at: Time.nullable(),
    proration_at: Time.openapi({ description: 'Give it with the change, which then costs just this' }),
    expires_at: Time,
  })
  .openapi('ChangePreview');

const route = createRoute({
  method: 'post',
  path: '/subscriptions/change/preview',
  operationId: 'previewChange',
  summary: 'What a change would cost, and when it would come',
  description: 'Changes nothing, so that each call reckons anew, with an `Idempotency-Key` too.',
  tags: ['Subscriptions'],
  ...signedIn(),
  request: { headers: IdempotencyHeaders, body: jsonBody(Wish) },
  responses: {
    200: json(Preview, 'The change as it would be now'),
    ...fails(...SIGNED_IN, ...WITH_BODY, ...REPEATABLE, ...CHANGE_REFUSALS),
  },
});

export const previewChange = defineRoute(route, async (c) => {
  const { db, terms } = c.var.deps;
  readIdempotency(c.req.valid('header')['Idempotency-Key'], route.operationId, null);
  const wish = c.req.valid('json');
  await assertWish(db, wish);
  const preview = await previewVerb(db, { userId: c.var.caller.userId, ...wishOf(wish) }, terms);
  if ('refused' in preview) throw VezaError.from(preview.refused);
  return c.json(showPreview(preview), 200);
});

const showPreview = (preview: ChangePreview): z.infer<typeof Preview> => ({
  when: preview.when,
  lines: preview.lines.map(({ kind, amountMinor }) => ({ kind, amount: amountMinor })),
  amount: preview.amountMinor,
  currency: preview.currency,
  next_amount: preview.nextAmountMinor,
  next_at: timeOrNull(preview.nextAt),
  proration_at: time(preview.prorationAt),
  expires_at: time(preview.expiresAt),
});
