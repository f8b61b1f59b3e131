import { createRoute } from '@hono/zod-openapi';
import { defineRoute } from '../kernel/index.ts';
import { close, LEAVING } from './close.ts';

const route = createRoute({
  method: 'delete',
  path: '/me',
  operationId: 'leave',
  summary: 'Close your account, and have it erased',
  ...LEAVING,
});

export const leave = defineRoute(route, async (c) => c.json(await close(c, c.req.valid('json')), 202));
