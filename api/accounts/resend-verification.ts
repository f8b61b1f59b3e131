import { createRoute, z } from '@hono/zod-openapi';
import { askForVerification } from '../../db/accounts/index.ts';
import { defineRoute, fails, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { Address } from './fields-view.ts';
import { MailAsked, showMailAsked } from './mail-asked-view.ts';
import { linkTo, sendFirst } from './send-first.ts';

const route = createRoute({
  method: 'post',
  path: '/auth/verify-email/resend',
  operationId: 'resendVerification',
  summary: 'Send the link that confirms an address once more',
  description: 'The answer is the same where there is nothing to confirm. Older links are dead.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(z.strictObject({ email: Address }).openapi('ResendVerification')) },
  responses: {
    202: json(MailAsked, 'If there is something to confirm, a mail is on its way'),
    ...fails(...SIGNING_IN, ...WITH_BODY, 'mail_not_sent'),
  },
});

export const resendVerification = defineRoute(route, async (c) => {
  const { email } = c.req.valid('json');
  const { isSent } = await sendFirst(c, { address: email, isSecret: true }, async (tx) => {
    const link = await askForVerification(tx, email);
    if (link === null) return null;
    const url = linkTo(c, 'verify-email', link.token);
    return { to: link.to, keep: link.keep, text: { kind: 'verify_email', params: { url, replaces: false } } };
  });
  return c.json(showMailAsked(isSent), 202);
});
