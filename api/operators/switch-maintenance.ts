import { createRoute, z } from '@hono/zod-openapi';
import { setMaintenance } from '../../db/operators/set-maintenance.ts';
import {
  actorOf,
  fails,
  FOR_ROLES,
  WITH_BODY,
  defineRoute,
  json,
  jsonBody,
  reason,
} from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { Maintenance, showMaintenance } from './maintenance-view.ts';

const Body = z
  .strictObject({ enabled: z.boolean(), reason: reason().optional() })
  .openapi('MaintenanceSwitch');

const route = createRoute({
  method: 'put',
  path: '/admin/maintenance',
  operationId: 'switchMaintenance',
  summary: 'Switch maintenance on or off',
  description:
    'All API processes follow within 10 s. While it is on they answer 503 `maintenance`, but for health, operations and webhooks; money that is in flight goes on.',
  tags: ['Operations'],
  ...onlyRoles('admin'),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(z.object({ maintenance: Maintenance }), 'As it is now'),
    ...fails(...FOR_ROLES, ...WITH_BODY),
  },
});

export const switchMaintenance = defineRoute(route, async (c) => {
  const { db, maintenance } = c.var.deps;
  const { enabled, reason: why } = c.req.valid('json');
  c.set('mayStillBeCarriedOut', true);
  const setting = await setMaintenance(db, enabled, {
    ...actorOf(c),
    ...(why !== undefined && { reason: why }),
  });
  return c.json({ maintenance: showMaintenance(maintenance.told(setting)) }, 200);
});
