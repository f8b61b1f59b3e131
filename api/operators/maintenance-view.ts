import { z } from '@hono/zod-openapi';
import type { Maintenance as MaintenanceMode } from './maintenance.ts';
import { Time, timeOrNull } from '../kernel/index.ts';

export const Maintenance = z
  .object({
    enabled: z.boolean(),
    changed_at: Time.nullable().openapi({
      description: 'When it was last switched, or else when it was set up',
    }),
    by_environment: z.boolean().openapi({
      description: 'This process was started with MAINTENANCE_MODE, and nobody has switched since',
    }),
  })
  .openapi('Maintenance');

export const showMaintenance = ({
  isOn,
  changedAt,
  isByEnvironment,
}: Awaited<ReturnType<MaintenanceMode['look']>>): z.infer<typeof Maintenance> => ({
  enabled: isOn,
  changed_at: timeOrNull(changedAt),
  by_environment: isByEnvironment,
});
