import { z } from '@hono/zod-openapi';
import type { OpsFlagRow } from '../../db/kernel/index.ts';
import { Id, Time, time } from '../kernel/index.ts';

export const OpsFlag = z
  .object({
    id: Id,
    kind: z.string(),
    subject: z.string().openapi({ description: 'The workflow of its subject, or a webhook event' }),
    detail: z.string(),
    raised_at: Time,
  })
  .openapi('OpsFlag');

export const showOpsFlag = (row: OpsFlagRow): z.infer<typeof OpsFlag> => ({
  id: row.id,
  kind: row.kind,
  subject: row.subject,
  detail: row.detail,
  raised_at: time(row.raisedAt),
});
