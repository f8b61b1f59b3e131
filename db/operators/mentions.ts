import { asc, inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { among, auditLog, opsFlags } from '../kernel/index.ts';
import { webhookEvents } from '../webhooks/index.ts';

/** Records about these rows: webhooks by their object, operators' actions, flags. */
export async function readMentions(
  db: Db,
  { about, subjects }: { readonly about: readonly string[]; readonly subjects: readonly string[] },
) {
  const webhooks = await among(about, (ids) =>
    db
      .select()
      .from(webhookEvents)
      .where(inArray(webhookEvents.about, ids))
      .orderBy(asc(webhookEvents.receivedAt)),
  );
  const all = [...subjects, ...webhooks.map(({ id }) => id)];
  const [auditLogRows, flags] = await Promise.all([
    among(all, (ids) =>
      db.select().from(auditLog).where(inArray(auditLog.subject, ids)).orderBy(asc(auditLog.id)),
    ),
    among(all, (ids) =>
      db.select().from(opsFlags).where(inArray(opsFlags.subject, ids)).orderBy(asc(opsFlags.raisedAt)),
    ),
  ]);
  return { webhooks, auditLogRows, flags };
}
export type Mentions = Awaited<ReturnType<typeof readMentions>>;
