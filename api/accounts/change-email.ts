import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  ADDRESS_CHANGES_A_DAY,
  askForNewEmail,
  scopeOf,
  takeAddressChange,
} from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { VezaError } from '../../domain/errors.ts';
import type { ApiEnv } from '../context.ts';
import { defineRoute, fails, json, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { keyFor } from '../middleware/keys.ts';
import { sayHeader } from '../middleware/say-header.ts';
import { NewAddress, Password } from './fields-view.ts';
import { MailAsked, showMailAsked } from './mail-asked-view.ts';
import { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
import { type FirstMail, linkTo, sendFirst } from './send-first.ts';
import { inSession, readOwnUser } from './signed-in-view.ts';

const Body = z.strictObject({ email: NewAddress, password: Password.optional() }).openapi('ChangeEmail');

const route = createRoute({
  method: 'put',
  path: '/users/me/email',
  operationId: 'changeEmail',
  summary: 'Ask for another address',
  description:
    'It counts once the link in the mail to the new address is followed. The old address is told both times. Five times a day at most.',
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
    await takeOneOfToday(c, tx);
    const { to, token, keep } = await askForNewEmail(tx, inSession(c), email);
    if (token === null) return { to, keep, text: { kind: 'already_registered', params: {} } };
    const url = linkTo(c, 'confirm-email', token);
    return { to, keep, text: { kind: 'confirm_email_change', params: { url } } };
  });
  return c.json(showMailAsked(isSent), 202);
});

/** Else anybody with an account could have us write to whomever they like. Throws `rate_limited`. */
async function takeOneOfToday(c: Context<ApiEnv>, tx: Tx): Promise<void> {
  const { caller, deps } = c.var;
  const scope = scopeOf(keyFor(deps.config, 'limits'), 'change_email', caller.userId);
  const refused = await takeAddressChange(tx, scope);
  if (refused === null) return;
  sayHeader(c, 'Retry-After', String(refused.waitS));
  const limit = ADDRESS_CHANGES_A_DAY;
  throw new VezaError('rate_limited', `You may ask for another address ${limit} times a day.`, { limit });
}
