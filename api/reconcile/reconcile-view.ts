import { z } from '@hono/zod-openapi';
import { PHASES, type ReconcileReport } from '../../domain/reconcile/reconcile.ts';
import { Time } from '../kernel/index.ts';

const Count = z.int().nonnegative();

const PhaseCounts = z
  .object({
    seen: Count,
    synced: Count.openapi({
      description: 'Rows whose workflow was notified or started, or whose webhook was dispatched',
    }),
    left: Count.openapi({ description: 'As it was' }),
    failed: Count.openapi({ description: 'Refunds that neither a workflow nor the PSP knows' }),
    why: z
      .record(z.string(), Count)
      .openapi({ description: 'How many rows for each reason', example: { told: 1, workflow_running: 3 } }),
  })
  .openapi('ReconcilePhase');

export const Reconciled = z
  .object({
    workflow_id: z.string(),
    started_at: Time,
    off: z.string().nullable().openapi({ description: 'Why no sweep ran; null where one ran' }),
    engine_rebuilt: z.boolean().openapi({
      description:
        'Temporal was not the one that the rows know: all open work was started again, nothing failed',
    }),
    report: z.partialRecord(z.enum(PHASES), PhaseCounts),
  })
  .openapi('Reconciled');

export const showReconciled = (workflowId: string, report: ReconcileReport): z.infer<typeof Reconciled> => ({
  workflow_id: workflowId,
  started_at: new Date(report.startedAt).toISOString(),
  off: report.off,
  engine_rebuilt: report.engineRebuilt,
  report: Object.fromEntries(
    Object.entries(report.phases).map(([phase, counts]) => [phase, { ...counts, why: { ...counts.why } }]),
  ),
});
