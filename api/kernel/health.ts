import { createRoute, z } from '@hono/zod-openapi';
import { anyone } from '../middleware/access.ts';
import { defineRoute, json } from './route.ts';

const route = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'health',
  summary: 'Whether this process is alive',
  tags: ['Service'],
  ...anyone(),
  responses: { 200: json(z.object({ status: z.literal('alive') }), 'It is') },
});

export const health = defineRoute(route, (c) => c.json({ status: 'alive' as const }, 200));
