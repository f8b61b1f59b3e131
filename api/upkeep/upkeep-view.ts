import { z } from '@hono/zod-openapi';
import { UPKEEP_PHASES, type UpkeepReport } from '../../domain/upkeep/index.ts';
import { Time } from '../kernel/index.ts';

const Count = z.int().nonnegative();

const PhaseCounts = z
  .object({
    seen: Count,
    done: Count.openapi({ description: 'Removed, forgotten, masked, or started again' }),
    left: Count.openapi({ description: 'As it was' }),
    why: z.record(z.string(), Count).openapi({
      description: 'How many rows of each kind were done, and for each reason left',
      example: { accounts: 3, link_in_date: 1 },
    }),
  })
  .openapi('UpkeepPhase');

export const Upkept = z
  .object({
    workflow_id: z.string(),
    started_at: Time,
    report: z.partialRecord(z.enum(UPKEEP_PHASES), PhaseCounts),
  })
  .openapi('Upkept');

export const showUpkept = (workflowId: string, report: UpkeepReport): z.infer<typeof Upkept> => ({
  workflow_id: workflowId,
  started_at: new Date(report.startedAt).toISOString(),
  report: Object.fromEntries(
    Object.entries(report.phases).map(([phase, counts]) => [phase, { ...counts, why: { ...counts.why } }]),
  ),
});
