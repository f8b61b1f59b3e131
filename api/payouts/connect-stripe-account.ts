import { createRoute, z } from '@hono/zod-openapi';
import { alsoWhileLeaving, inPerson, signedIn } from '../middleware/access.ts';
import { linkFields, onboard, Onboarding } from './onboarding.ts';
import { fails, SIGNED_IN, WITH_BODY, defineRoute, json, jsonBody } from '../kernel/index.ts';

const Body = z
  .strictObject({
    ...linkFields,
    country: z
      .string()
      .toUpperCase()
      .regex(/^[A-Z]{2}$/, 'An ISO 3166-1 alpha-2 code')
      .optional()
      .openapi({ description: 'Country of a new account; by default the platform’s own', example: 'DE' }),
  })
  .openapi('ConnectStripeAccount');

const route = createRoute({
  method: 'post',
  path: '/sellers/me/stripe-account',
  operationId: 'connectStripeAccount',
  summary: 'Connect your Stripe account',
  description:
    'Makes it once; a repeat gives the same account with a new link to Stripe’s forms. Whoever has the link can fill them in: it takes a bearer token, not an API key.',
  tags: ['Sellers'],
  ...alsoWhileLeaving(inPerson(signedIn())),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(Onboarding, 'The account, and where to fill in Stripe’s forms'),
    ...fails(...SIGNED_IN, ...WITH_BODY, 'person_required', 'stripe_account_refused'),
  },
});

export const connectStripeAccount = defineRoute(route, async (c) => {
  const { country, ...urls } = c.req.valid('json');
  return c.json(await onboard(c, urls, { mayCreate: true, ...(country !== undefined && { country }) }), 200);
});
