import { createRoute, z } from '@hono/zod-openapi';
import QRCode from 'qrcode';
import { keepSecret, newSecret, uriOf } from '../../db/accounts/index.ts';
import { defineRoute, fails, json, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { Password } from './fields-view.ts';
import { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
import { inSession, readOwnUser } from './signed-in-view.ts';

const route = createRoute({
  method: 'post',
  path: '/users/me/two-factor',
  operationId: 'setUpTwoFactor',
  summary: 'Begin to set up a second factor',
  description: 'The secret guards nothing before a code of it was given to `confirm`.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(z.strictObject({ password: Password.optional() }).openapi('SetUpTwoFactor')) },
  responses: {
    201: json(
      z.object({
        secret: z.string().openapi({ description: 'In base32, to type into an app' }),
        otpauth_uri: z.string(),
        qr_svg: z.string().openapi({ description: 'The address as an image to scan' }),
      }),
      'For an app of one-time codes',
    ),
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, ...REAUTHENTICATED, 'two_factor_is_on'),
  },
});

export const setUpTwoFactor = defineRoute(route, async (c) => {
  const user = await readOwnUser(c);
  await reauthenticate(c, user, c.req.valid('json').password);
  const secret = newSecret();
  await keepSecret(c.var.deps.db, inSession(c), secret);
  const uri = uriOf(secret, user.email);
  c.header('Cache-Control', 'no-store');
  return c.json({ secret, otpauth_uri: uri, qr_svg: await QRCode.toString(uri, { type: 'svg' }) }, 201);
});
