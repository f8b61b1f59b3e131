import { createRoute, z } from '@hono/zod-openapi';
import { onlyRoles } from '../middleware/access.ts';
import { fails, FOR_ROLES, defineRoute, json } from '../kernel/index.ts';
import { Maintenance, showMaintenance } from './maintenance-view.ts';

const route = createRoute({
  method: 'get',
  path: '/admin/maintenance',
  operationId: 'getMaintenance',
  summary: 'Whether Veza is under maintenance',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  responses: { 200: json(z.object({ maintenance: Maintenance }), 'As it is now'), ...fails(...FOR_ROLES) },
});

export const getMaintenance = defineRoute(route, async (c) =>
  c.json({ maintenance: showMaintenance(await c.var.deps.maintenance.look()) }, 200),
);
