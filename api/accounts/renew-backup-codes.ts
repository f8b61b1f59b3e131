import { createRoute, z } from '@hono/zod-openapi';
import { renewCodes } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, json, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { Password } from './fields-view.ts';
import { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
import { BackupCodes, Code, makeBackupCodes, proveSecondFactor } from './second-factor-code.ts';
import { readOwnUser } from './signed-in-view.ts';

const Body = z.strictObject({ password: Password.optional(), code: Code }).openapi('RenewBackupCodes');

const route = createRoute({
  method: 'post',
  path: '/users/me/two-factor/backup-codes',
  operationId: 'renewBackupCodes',
  summary: 'Ten new backup codes',
  description: 'The old ones are dead.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(Body) },
  responses: {
    201: json(BackupCodes, 'The new codes'),
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, ...REAUTHENTICATED, 'two_factor_invalid', 'two_factor_is_off'),
  },
});

export const renewBackupCodes = defineRoute(route, async (c) => {
  const { password, code } = c.req.valid('json');
  const user = await readOwnUser(c);
  await reauthenticate(c, user, password);
  await proveSecondFactor(c, user.id, code);
  const { texts, hashes } = await makeBackupCodes(c);
  await renewCodes(c.var.deps.db, user.id, hashes, actorOf(c));
  c.header('Cache-Control', 'no-store');
  return c.json({ backup_codes: texts }, 201);
});
