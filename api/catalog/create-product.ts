import { createRoute, z } from '@hono/zod-openapi';
import { SELLING_ROLES } from '../../domain/accounts/index.ts';
import { createProduct as createProductVerb } from '../../db/catalog/create-product.ts';
import { grainMinor, formatMoney, MAX_AMOUNT_MINOR } from '../../domain/kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { fails, SIGNED_IN, WITH_BODY, defineRoute, json, jsonBody } from '../kernel/index.ts';
import { Product, showProduct } from './product-view.ts';

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

const Body = z
  .strictObject({
    title: z.string().trim().min(1).max(200),
    amount: z
      .int()
      .min(1)
      .max(MAX_AMOUNT_MINOR)
      .openapi({ description: 'In the minor unit of `currency`', example: 2500 }),
    currency: z
      .string()
      .refine((value) => CURRENCIES.has(value), 'An ISO 4217 code in capitals')
      .openapi({ example: 'EUR' }),
    active: z.boolean().default(true),
  })
  .superRefine(({ amount, currency }, context) => {
    const grain = grainMinor(currency);
    if (amount % grain === 0) return;
    const least = formatMoney(grain, currency);
    context.addIssue({
      code: 'custom',
      path: ['amount'],
      message: `Prices in ${currency} are multiples of ${grain} (${least}): the payment provider takes no others`,
    });
  })
  .openapi('NewProduct');

const route = createRoute({
  method: 'post',
  path: '/marketplace/products',
  operationId: 'createProduct',
  summary: 'Put a product up for sale',
  description:
    'Where `SUBSCRIPTION_GATES_SELLING` is on, the caller needs a plan that may sell, and an effective payment of it.',
  tags: ['Products'],
  ...onlyRoles(...SELLING_ROLES),
  request: { body: jsonBody(Body) },
  responses: {
    201: json(z.object({ product: Product }), 'The product, with the caller as its seller'),
    ...fails(...SIGNED_IN, ...WITH_BODY, 'subscription_no_payment', 'plan_required'),
  },
});

export const createProduct = defineRoute(route, async (c) => {
  const { title, amount, currency, active } = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const { db, assertMaySell } = c.var.deps;
  const sellerId = c.var.caller.userId;
  const product = await createProductVerb(
    db,
    { sellerId, title, priceMinor: amount, currency, active },
    assertMaySell,
  );
  return c.json({ product: showProduct(product) }, 201);
});
