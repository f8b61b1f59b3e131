import { createRoute, z } from '@hono/zod-openapi';
import { alsoWhileLeaving, inPerson, signedIn } from '../middleware/access.ts';
import { linkFields, onboard, Onboarding } from './onboarding.ts';
import { fails, SIGNED_IN, WITH_BODY, defineRoute, json, jsonBody } from '../kernel/index.ts';

const Body = z.strictObject(linkFields).openapi('LinkStripeAccount');

const route = createRoute({
  method: 'post',
  path: '/sellers/me/stripe-account/link',
  operationId: 'linkStripeAccount',
  summary: 'A new link to Stripe’s forms',
  description: 'Anybody who has the link can fill the forms in, so it takes a bearer token, not an API key.',
  tags: ['Sellers'],
  ...alsoWhileLeaving(inPerson(signedIn())),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(Onboarding, 'The account, and where to fill in Stripe’s forms'),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      'person_required',
      'seller_has_no_account',
      'stripe_account_refused',
    ),
  },
});

export const linkStripeAccount = defineRoute(route, async (c) =>
  c.json(await onboard(c, c.req.valid('json'), { mayCreate: false }), 200),
);
