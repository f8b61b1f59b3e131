import { createRoute, z } from '@hono/zod-openapi';
import { askForReset } from '../../db/accounts/index.ts';
import { defineRoute, fails, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { Address } from './fields-view.ts';
import { MailAsked, showMailAsked } from './mail-asked-view.ts';
import { linkTo, sendFirst } from './send-first.ts';

const route = createRoute({
  method: 'post',
  path: '/auth/password-reset',
  operationId: 'askPasswordReset',
  summary: 'Ask for a link to choose a new password',
  description: 'The answer is the same where nobody has the address. The link is good for an hour, once.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(z.strictObject({ email: Address }).openapi('AskPasswordReset')) },
  responses: {
    202: json(MailAsked, 'If there is an account, a mail is on its way'),
    ...fails(...SIGNING_IN, ...WITH_BODY, 'mail_not_sent'),
  },
});

export const askPasswordReset = defineRoute(route, async (c) => {
  const { email } = c.req.valid('json');
  const { isSent } = await sendFirst(c, { address: email, isSecret: true }, async (tx) => {
    const link = await askForReset(tx, email);
    if (link === null) return null;
    const url = linkTo(c, 'reset-password', link.token);
    return { to: link.to, keep: link.keep, text: { kind: 'password_reset', params: { url } } };
  });
  return c.json(showMailAsked(isSent), 202);
});
