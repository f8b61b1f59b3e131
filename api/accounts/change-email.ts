import { createRoute, z } from '@hono/zod-openapi';
import { askForNewEmail } from '../../db/accounts/index.ts';
import { defineRoute, fails, json, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { NewAddress, Password } from './fields-view.ts';
import { MailAsked, showMailAsked } from './mail-asked-view.ts';
import { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
import { type FirstMail, linkTo, sendFirst } from './send-first.ts';
import { readOwnUser } from './signed-in-view.ts';

const Body = z.strictObject({ email: NewAddress, password: Password.optional() }).openapi('ChangeEmail');

const route = createRoute({
  method: 'put',
  path: '/users/me/email',
  operationId: 'changeEmail',
  summary: 'Ask for another address',
  description:
    'It counts once the link in the mail to the new address is followed. The old address is told both times.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(Body) },
  responses: {
    202: json(MailAsked, 'A mail is on its way to the new address'),
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, ...REAUTHENTICATED, 'mail_not_sent'),
  },
});

export const changeEmail = defineRoute(route, async (c) => {
  const { email, password } = c.req.valid('json');
  const user = await readOwnUser(c);
  await reauthenticate(c, user, password);
  const { isSent } = await sendFirst(c, { address: email }, async (tx): Promise<FirstMail> => {
    const { to, token, keep } = await askForNewEmail(tx, { userId: user.id, newEmail: email });
    if (token === null) return { to, keep, text: { kind: 'already_registered', params: {} } };
    const url = linkTo(c, 'confirm-email', token);
    return { to, keep, text: { kind: 'confirm_email_change', params: { url } } };
  });
  return c.json(showMailAsked(isSent), 202);
});
