import { createRoute, z } from '@hono/zod-openapi';
import { proveNewSecret, stepUp, turnOn } from '../../db/accounts/index.ts';
import {
  actorOf,
  defineRoute,
  fails,
  fromOf,
  json,
  jsonBody,
  OWN_ACCOUNT,
  WITH_BODY,
} from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { cookieSecret, setSessionCookie } from '../middleware/session-cookie.ts';
import { countingFailures } from './count-failure.ts';
import { tooMany } from './prove-password.ts';
import { BackupCodes, Code, makeBackupCodes } from './second-factor-code.ts';
import { inSession } from './signed-in-view.ts';

const route = createRoute({
  method: 'post',
  path: '/users/me/two-factor/confirm',
  operationId: 'confirmTwoFactor',
  summary: 'Turn the second factor on, by a code of it',
  description:
    'All your other sessions end. This one counts as proved by both factors, with another cookie where it has one. A secret that is not confirmed within an hour is over.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(z.strictObject({ code: Code }).openapi('ConfirmTwoFactor')) },
  responses: {
    200: json(BackupCodes, 'It is on. For who loses their device'),
    ...fails(
      ...OWN_ACCOUNT,
      ...WITH_BODY,
      'two_factor_invalid',
      'two_factor_is_on',
      'two_factor_is_off',
      'too_many_attempts',
    ),
  },
});

export const confirmTwoFactor = defineRoute(route, async (c) => {
  const { caller, session, deps } = c.var;
  const { userId } = caller;
  // First, since under load it is refused: nothing counts as an attempt then.
  const { texts, hashes } = await makeBackupCodes(c);
  const given = { userId, code: c.req.valid('json').code, atMs: deps.now().getTime() };
  const proved = await countingFailures(c, () => proveNewSecret(deps.db, given, fromOf(c)));
  if ('waitS' in proved) throw tooMany(c, proved.waitS);
  await turnOn(deps.db, inSession(c), { ...proved, codes: hashes }, actorOf(c));
  if (session !== null) {
    const secret = await stepUp(deps.db, session.id, 'otp');
    if (cookieSecret(c) !== undefined) setSessionCookie(c, secret, deps.config.SESSION_TTL);
  }
  c.header('Cache-Control', 'no-store');
  return c.json({ backup_codes: texts }, 200);
});
