import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../kernel/index.ts';
import { close, LEAVING } from './close.ts';

/** For clients that send no body with DELETE. */
const route = createRoute({
  method: 'post',
  path: '/me/deletion',
  operationId: 'askForDeletion',
  summary: 'Close your account, and have it erased: the same call as DELETE /me',
  ...LEAVING,
});

export const askForDeletion = defineRoute(route, async (c) =>
  c.json(await close(c, c.req.valid('json')), 202),
);
