import { createRoute, z } from '@hono/zod-openapi';
import { listSessions as listSessionRows } from '../../db/accounts/index.ts';
import { defineRoute, fails, json, listOf, OWN_ACCOUNT } from '../kernel/index.ts';
import { alsoWhileLeaving, ownAccount } from '../middleware/access.ts';
import { Session, showSession } from './session-view.ts';

const Listed = Session.extend({
  is_current: z.boolean().openapi({ description: 'Whether it is the one that asks' }),
}).openapi('ListedSession');

const route = createRoute({
  method: 'get',
  path: '/users/me/sessions',
  operationId: 'listSessions',
  summary: 'Where you are signed in',
  description: 'Open sessions, newest first, on one page.',
  tags: ['Account'],
  ...alsoWhileLeaving(ownAccount()),
  responses: { 200: json(listOf(Listed), 'The sessions'), ...fails(...OWN_ACCOUNT) },
});

export const listSessions = defineRoute(route, async (c) => {
  const { caller, session, deps } = c.var;
  const rows = await listSessionRows(deps.db, caller.userId);
  const data = rows.map((row) => ({ ...showSession(row), is_current: row.id === session?.id }));
  return c.json({ data, next_cursor: null }, 200);
});
