import { createRoute, z } from '@hono/zod-openapi';
import { defineRoute, fails, json, SIGNED_IN } from '../kernel/index.ts';
import { alsoWhileLeaving, signedIn } from '../middleware/access.ts';
import { readOwnUser } from './signed-in-view.ts';
import { showUser, User } from './user-view.ts';

const route = createRoute({
  method: 'get',
  path: '/users/me',
  operationId: 'readMe',
  summary: 'Your own account',
  tags: ['Account'],
  ...alsoWhileLeaving(signedIn()),
  responses: { 200: json(z.object({ user: User }), 'The account'), ...fails(...SIGNED_IN, 'user_not_found') },
});

export const readMe = defineRoute(route, async (c) => c.json({ user: showUser(await readOwnUser(c)) }, 200));
