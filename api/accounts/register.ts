import { createRoute, z } from '@hono/zod-openapi';
import { register as registerVerb } from '../../db/accounts/index.ts';
import { defineRoute, fails, fromOf, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { registering } from '../middleware/access.ts';
import { acceptPassword } from './accept-password.ts';
import { NewAddress, Password } from './fields-view.ts';
import { DisplayName } from './profile-view.ts';
import { type FirstMail, linkTo, sendFirst } from './send-first.ts';

const Body = z
  .strictObject({
    email: NewAddress,
    password: Password,
    display_name: DisplayName.optional(),
  })
  .openapi('Register');

const route = createRoute({
  method: 'post',
  path: '/auth/register',
  operationId: 'register',
  summary: 'Make an account',
  description:
    'The answer is the same for an address that is new, was never confirmed, or has an account: its owner reads in the mail which. The account is there once the mail server took that mail.',
  tags: ['Account'],
  ...registering(),
  request: { body: jsonBody(Body) },
  responses: {
    202: json(
      z.object({
        registration: z.object({ email: z.string() }),
        message: z.string(),
        mail_sent: z
          .literal(false)
          .optional()
          .openapi({ description: 'Outside production alone: the mail server did not take the mail' }),
      }),
      'A mail is on its way',
    ),
    ...fails(...SIGNING_IN, ...WITH_BODY, 'password_refused', 'mail_not_sent'),
  },
});

export const register = defineRoute(route, async (c) => {
  const { email, password, display_name: displayName = null } = c.req.valid('json');
  const passwordHash = await acceptPassword(c, { password, email });
  const { isSent } = await sendFirst(c, { address: email }, async (tx): Promise<FirstMail> => {
    const { to, token, replaces, keep } = await registerVerb(
      tx,
      { email, passwordHash, displayName },
      fromOf(c),
    );
    if (token === null) return { to, keep, text: { kind: 'already_registered', params: {} } };
    const url = linkTo(c, 'verify-email', token);
    return { to, keep, text: { kind: 'verify_email', params: { url, replaces } } };
  });
  return c.json(
    {
      registration: { email },
      message: 'We sent a mail to this address. Follow the link in it.',
      ...(!isSent && { mail_sent: false as const }),
    },
    202,
  );
});
