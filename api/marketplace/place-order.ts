import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { readIdempotencyKey, keepAsk, takeAsk } from '../../db/kernel/index.ts';
import { countOpenOrders } from '../../db/marketplace/orders/open-orders.ts';
import { readOrder, type OrderRow } from '../../db/marketplace/orders/list.ts';
import { readProducts } from '../../db/catalog/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { firstTwice, quote, tooManyOpen } from '../../domain/marketplace/quote.ts';
import type { ApiEnv } from '../context.ts';
import {
  assertSameBody,
  clientGone,
  IdempotencyHeaders,
  idFor,
  readIdempotency,
  fails,
  REPEATABLE,
  SIGNED_IN,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  Id,
  ORDER_ITEMS_MAX,
} from '../kernel/index.ts';
import { signedIn } from '../middleware/access.ts';
import { inTurn, underItsId } from './admission.ts';
import { Order, Payment, showOrder, showPayment } from './order-view.ts';
import type { AskedOrder } from '../../domain/marketplace/messages.ts';

const Items = z
  .array(z.strictObject({ product_id: Id }))
  .max(ORDER_ITEMS_MAX)
  .superRefine((items, context) => {
    const twice = firstTwice(items.map((item) => item.product_id));
    if (twice === -1) return;
    context.addIssue({ code: 'custom', path: [twice, 'product_id'], message: 'Is in the order already' });
  });
const Body = z.strictObject({ items: Items }).openapi('NewOrder');
const Placed = z.object({ order: Order, payment: Payment }).openapi('PlacedOrder');
const Unanswered = z.object({ order: Order, payment: z.null() }).openapi('UnansweredOrder');

const route = createRoute({
  method: 'post',
  path: '/marketplace/orders',
  operationId: 'placeOrder',
  summary: 'Buy products',
  description: 'Opens the payment. The order completes once the payment provider says that it was paid.',
  tags: ['Orders'],
  ...signedIn(),
  request: { headers: IdempotencyHeaders, body: jsonBody(Body) },
  responses: {
    201: json(Placed, 'The order and the payment to be made'),
    202: json(
      Unanswered,
      'The payment provider has not answered yet: `GET` the order until its payment is there',
    ),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REPEATABLE,
      'product_not_found',
      'product_inactive',
      'mixed_currencies',
      'order_empty',
      'too_many_open_orders',
      'amount_too_large',
      'provider_refused',
      'engine_busy',
    ),
  },
});

export const placeOrder = defineRoute(route, async (c) => {
  const { db, engine, config } = c.var.deps;
  const { caller } = c.var;
  const productIds = c.req.valid('json').items.map((item) => item.product_id);
  const idempotency = readIdempotency(
    c.req.valid('header')['Idempotency-Key'],
    `${caller.userId}:placeOrder`,
    c.req.valid('json'),
  );
  const orderId = idFor(idempotency);
  return underItsId(c, orderId, async () => {
    const stored = idempotency ? await readIdempotencyKey(db, idempotency) : null;
    if (stored) {
      assertSameBody(idempotency, stored.bodyHash);
      return answer(c, await readOpened(c, orderId));
    }

    // Read without a lock, to spare the engine hopeless orders; the order is checked again when it is written.
    const quoted = quote(productIds, await readProducts(db, productIds));
    if ('refused' in quoted) throw VezaError.from(quoted.refused);
    const tooMany = tooManyOpen(await countOpenOrders(db, caller.userId), config.OPEN_ORDERS_MAX);
    if (tooMany) throw VezaError.from(tooMany);
    const label = { amountMinor: quoted.totalMinor, currency: quoted.currency };
    return inTurn(c, { kind: 'order', id: orderId, idempotency }, async () => {
      c.set('mayStillBeCarriedOut', true);
      const buyerId = caller.userId;
      const ask = { kind: 'order', buyerId, productIds, ...(idempotency && { idempotency }) } as const;
      const kept = await keepAsk<AskedOrder>(db, orderId, ask);
      assertSameBody(idempotency, kept.idempotency?.bodyHash ?? null);
      const placing = await engine.placeOrder({ orderId }, label);
      if ('refused' in placing) {
        await takeAsk(db, orderId);
        throw VezaError.from(placing.refused);
      }
      assertSameBody(idempotency, placing.bodyHash);
      return answer(c, await readPlaced(c, orderId));
    });
  });
});

/** A repeat that comes while the first call still waits for the PSP also waits, and gets the same answer. */
async function readOpened(c: Context<ApiEnv>, orderId: string): Promise<OrderRow> {
  const order = await readPlaced(c, orderId);
  if (order.status !== 'pending' || order.paymentStatus !== null) return order;
  const { engine, admission } = c.var.deps;
  const label = { amountMinor: order.totalMinor, currency: order.currency };
  const placing = await admission.order
    .admit(() => engine.placeOrder({ orderId }, label), { gone: () => clientGone(c) })
    .catch((error: unknown) => {
      // The order is placed, whether or not the engine can be asked about it.
      c.var.log.warn({ err: error, orderId: order.id }, 'a repeated purchase could not wait for the payment');
      return null;
    });
  if (placing !== null && 'refused' in placing) throw VezaError.from(placing.refused);
  return readPlaced(c, orderId);
}

async function readPlaced(c: Context<ApiEnv>, orderId: string): Promise<OrderRow> {
  const order = await readOrder(c.var.deps.db, orderId);
  if (order === null) throw new Error(`order ${orderId} was placed and is not there`);
  // The order failed before there was a payment: the provider refused, and a repeat gets the same refusal as the
  // first call.
  if (order.status === 'failed' && order.paymentStatus === null) {
    throw new VezaError('provider_refused', order.failureReason ?? 'The payment could not be opened.');
  }
  return order;
}

function answer(c: Context<ApiEnv>, row: OrderRow) {
  const order = showOrder(row);
  const payment = showPayment(row, c.var.caller);
  return payment ? c.json({ order, payment }, 201) : c.json({ order, payment: null }, 202);
}
