import { createRoute } from '@hono/zod-openapi';
import { renewCodes } from '../../db/accounts/index.ts';
import { actorOf, defineRoute, fails, json, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import {
  BackupCodes,
  BothFactors,
  makeBackupCodes,
  PROVED_BY_BOTH,
  proveSecondFactor,
} from './second-factor-code.ts';
import { reauthenticate } from './reauthenticate.ts';
import { inSession, readOwnUser } from './signed-in-view.ts';

const Body = BothFactors.openapi('RenewBackupCodes');

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
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, ...PROVED_BY_BOTH),
  },
});

export const renewBackupCodes = defineRoute(route, async (c) => {
  const { password, code } = c.req.valid('json');
  const user = await readOwnUser(c);
  await reauthenticate(c, user, password);
  // Before the code is used up: where they are refused under load, it is good still.
  const { texts, hashes } = await makeBackupCodes(c);
  await proveSecondFactor(c, user.id, code);
  await renewCodes(c.var.deps.db, inSession(c), hashes, actorOf(c));
  c.header('Cache-Control', 'no-store');
  return c.json({ backup_codes: texts }, 201);
});
