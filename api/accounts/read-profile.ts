import { createRoute, z } from '@hono/zod-openapi';
import { readProfile as readProfileOf } from '../../db/accounts/index.ts';
import { defineRoute, fails, json, OWN_ACCOUNT } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { Profile, showProfile } from './profile-view.ts';

const route = createRoute({
  method: 'get',
  path: '/users/me/profile',
  operationId: 'readProfile',
  summary: 'What others see of you',
  tags: ['Account'],
  ...ownAccount(),
  responses: { 200: json(z.object({ profile: Profile }), 'Your profile'), ...fails(...OWN_ACCOUNT) },
});

export const readProfile = defineRoute(route, async (c) => {
  const { caller, deps } = c.var;
  return c.json({ profile: showProfile(await readProfileOf(deps.db, caller.userId)) }, 200);
});
