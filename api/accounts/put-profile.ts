import { createRoute, z } from '@hono/zod-openapi';
import { putProfile as putProfileOf } from '../../db/accounts/index.ts';
import { defineRoute, fails, json, jsonBody, OWN_ACCOUNT, WITH_BODY } from '../kernel/index.ts';
import { ownAccount } from '../middleware/access.ts';
import { Profile, ProfileToPut, showProfile } from './profile-view.ts';

const route = createRoute({
  method: 'put',
  path: '/users/me/profile',
  operationId: 'putProfile',
  summary: 'Correct what others see of you',
  description: 'The whole of it: what is left out is said no more.',
  tags: ['Account'],
  ...ownAccount(),
  request: { body: jsonBody(ProfileToPut) },
  responses: {
    200: json(z.object({ profile: Profile }), 'Your profile'),
    ...fails(...OWN_ACCOUNT, ...WITH_BODY, 'user_not_found'),
  },
});

export const putProfile = defineRoute(route, async (c) => {
  const { caller, deps } = c.var;
  const { display_name: displayName, bio = null, country = null, links } = c.req.valid('json');
  const profile = { displayName, bio, country, links };
  await putProfileOf(deps.db, caller.userId, profile);
  return c.json({ profile: showProfile(profile) }, 200);
});
